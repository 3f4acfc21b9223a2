//! Fuzzes `dash`: what it promises is said in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| qetch_fuzz::dash(data));
