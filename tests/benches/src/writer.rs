//! The writer: chunks gathered into batches, and batches written through the storage seam.

use std::{fs, hint::black_box, path::Path};

use bytes::Bytes;
use qetch_downloaders::http::bench::{self, Writer};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{Round, Work};

pub(crate) const WORKS: &[Work] = &[
    Work::new("writer/gathering", "chunk", gathered),
    Work { is_counted: false, ..Work::new("writer/256 KiB to a file", "batch", written) },
];

/// What a connection gives at once.
const CHUNK: usize = 16 << 10;

/// What is written at once.
const BATCH: u64 = 256 << 10;

const BATCHES: u64 = 64;

/// Chunks of `BATCHES` batches, no two of the same bytes.
fn chunks() -> Vec<Bytes> {
    let count = BATCHES * BATCH / CHUNK as u64;
    (0..count).map(|number| Bytes::from(number.to_be_bytes().repeat(CHUNK / 8))).collect()
}

fn gathered() -> Round {
    let chunks = chunks();
    let (mut next, mut gathered) = (0, Vec::new());
    bench::gather(&chunks, |at, batch| {
        assert_eq!(at, next);
        next += batch.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
        gathered.extend(batch);
    });
    assert_eq!(gathered, chunks);
    Box::new(move || {
        let mut batches = 0;
        bench::gather(black_box(&chunks), |_, batch| batches += u64::from(!black_box(batch).is_empty()));
        assert_eq!(batches, BATCHES);
        chunks.len() as u64
    })
}

fn written() -> Round {
    let directory = directory();
    let path = directory.path().join("written");
    let runtime = Runtime::new().unwrap();
    let writer = runtime.block_on(Writer::create(&path)).unwrap();
    let chunks = chunks();
    let mut batches = Vec::new();
    bench::gather(&chunks, |at, batch| batches.push((at, batch)));
    let round = move || {
        // It is here as long as the round is.
        let _directory = &directory;
        runtime.block_on(async {
            for (at, batch) in &batches {
                writer.write(*at, batch.clone()).await.unwrap();
            }
        });
        batches.len() as u64
    };
    assert_eq!(round(), BATCHES);
    assert!(fs::read(path).unwrap() == chunks.concat(), "what was written is what there is to write");
    Box::new(round)
}

/// In memory, where that can be had: it is our own work that is measured.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let in_memory = memory.is_dir().then(|| TempDir::new_in(memory).ok()).flatten();
    in_memory.unwrap_or_else(|| TempDir::new().unwrap())
}
