import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** For the data of one test, which are gone when it ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(memoryOrDisk(), 'farol-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A database of a test lives in memory where there is room: its fsyncs and 300 files cost nothing. */
export function memoryOrDisk(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > 4_000_000_000 ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}
