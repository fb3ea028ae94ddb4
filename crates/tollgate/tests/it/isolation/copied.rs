//! The two families, with everything that is theirs, in a store of the other kind.

use tollgate::seal::Keyring;

use super::cast::Cast;
use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_them_says_the_same() {
    let cast = Cast::on(House::on_file()).await;
    cast.house.app.store().close();
    let (copy, mark) = (cast.house.ground().copy(), *Keyring::new(&[7; 32]).mark());
    // It waits for the database, which no thread may that runs futures.
    let asked = tokio::task::spawn_blocking(move || crate::store::copied::says_the_same(&copy, mark));
    asked.await.unwrap();
}
