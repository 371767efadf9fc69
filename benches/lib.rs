//! Empty: what this package has are its benches, one file each beside this one.
