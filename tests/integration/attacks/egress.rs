//! Addresses that are not to be reached: no canary that stands there may count a connection.
