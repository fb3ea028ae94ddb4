// What makes pages better that work without it: times in the reader's zone, dialogs in place of pages, copy buttons, and
// figures that move by themselves.
"use strict";

/** Times in the reader's zone; UTC stays for whoever points at them. */
function sayTimes(root) {
    const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
    for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
        const at = new Date(time.dateTime);
        if (!Number.isNaN(at.getTime())) {
            time.textContent = format.format(at);
            time.dataset.local = "";
        }
    }
}

/** The reader's own time zone is the first that is proposed. */
function proposeZones(root) {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const list of root.querySelectorAll("datalist[data-zones]")) {
        if (own && own !== "UTC") list.prepend(new Option("", own));
    }
}

/** A secret that is shown once can be copied without being marked. */
function offerCopies(root) {
    for (const place of root.querySelectorAll(".copy:not([data-offered])")) {
        place.dataset.offered = "";
        const code = place.querySelector("code");
        if (!navigator.clipboard || !code) continue;
        const button = document.createElement("button");
        button.type = "button";
        button.className = "small";
        button.textContent = "Copy";
        button.addEventListener("click", async () => {
            await navigator.clipboard.writeText(code.textContent);
            button.textContent = "Copied";
        });
        place.append(button);
    }
}

/** A form that was sent is not sent again while it is on its way. */
function sendOnce(root) {
    for (const form of root.querySelectorAll("form[method=post]:not([data-shows])")) {
        form.addEventListener("submit", (event) => {
            if (form.dataset.sent) event.preventDefault();
            form.dataset.sent = "1";
        });
    }
}

/** What is wider than its place can be scrolled by the keyboard, in browsers too that do not see to that themselves. */
function letScroll(root) {
    for (const place of root.querySelectorAll(".scroll")) {
        new ResizeObserver(() => {
            if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
            else place.removeAttribute("tabindex");
        }).observe(place);
    }
}

function prepare(root) {
    letScroll(root);
    sayTimes(root);
    proposeZones(root);
    offerCopies(root);
    sendOnce(root);
}

/** A link to a page with one form opens it in a dialog; the pages that follow stay in there until one is elsewhere. */
async function openDialog(link) {
    const dialog = document.createElement("dialog");
    dialog.addEventListener("close", () => {
        dialog.remove();
        link.focus();
    });
    if (!(await fill(dialog, fetch(link.href)))) {
        location.assign(link.href);
        return;
    }
    document.body.append(dialog);
    dialog.showModal();
    focusFirst(dialog);
}

function focusFirst(dialog) {
    (dialog.querySelector("[autofocus]") || dialog.querySelector("input:not([type=hidden]), button"))?.focus();
}

async function fill(dialog, answering) {
    const answer = await answering.catch(() => null);
    if (!answer || answer.redirected) {
        if (answer) location.assign(answer.url);
        return Boolean(answer);
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main > section");
    if (!main) return false;
    const heading = main.querySelector("h1");
    if (heading) {
        heading.id = "dialog-heading";
        dialog.setAttribute("aria-labelledby", heading.id);
    }
    dialog.replaceChildren(document.adoptNode(main));
    prepare(dialog);
    return true;
}

document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link) return;
    if ("dialog" in link.dataset && typeof HTMLDialogElement === "function") {
        event.preventDefault();
        openDialog(link);
    } else if ("close" in link.dataset && link.closest("dialog")) {
        event.preventDefault();
        link.closest("dialog").close();
    }
});

document.addEventListener("submit", async (event) => {
    const form = event.target;
    const dialog = form.closest("dialog");
    // What only shows stays in the dialog; what does something goes to the page that says so.
    if (!dialog || event.defaultPrevented || !("shows" in form.dataset)) return;
    event.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = "1";
    const body = new URLSearchParams(new FormData(form, event.submitter));
    if (await fill(dialog, fetch(form.action, { method: "POST", body }))) {
        focusFirst(dialog);
    } else {
        delete form.dataset.sent;
    }
});

/** Figures that move: the server says what has changed, as the HTML that a reload would show. */
function listen(from) {
    let source = null;
    const show = (event) => {
        const template = document.createElement("template");
        for (const [name, html] of Object.entries(JSON.parse(event.data))) {
            // As the page itself says it, or every picture would be another one.
            template.innerHTML = html;
            for (const place of document.querySelectorAll(`[data-live="${CSS.escape(name)}"]`)) {
                if (place.innerHTML === template.innerHTML) continue;
                const isOpen = place.querySelector("details")?.open;
                place.innerHTML = html;
                if (isOpen) place.querySelector("details")?.setAttribute("open", "");
                sayTimes(place);
                place.classList.remove("moved");
                void place.offsetWidth;
                if (!place.querySelector("svg")) place.classList.add("moved");
            }
        }
    };
    // A page that nobody sees needs no figures, and a browser has few connections to one place.
    const follow = () => {
        if (document.hidden) {
            source?.close();
            source = null;
        } else if (!source) {
            source = new EventSource(from);
            source.addEventListener("figures", show);
            source.addEventListener("ended", () => location.reload());
        }
    };
    document.addEventListener("visibilitychange", follow);
    addEventListener("pagehide", () => source?.close());
    addEventListener("pageshow", (event) => {
        if (event.persisted) location.reload();
    });
    follow();
}

prepare(document);
if (document.body.dataset.liveFrom) listen(document.body.dataset.liveFrom);

// Whoever comes back to a page can send its forms again.
addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.forms) delete form.dataset.sent;
});
