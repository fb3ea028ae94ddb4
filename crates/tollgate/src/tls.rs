//! The TLS listener's certificate: the operator's own, or a self-signed one.
