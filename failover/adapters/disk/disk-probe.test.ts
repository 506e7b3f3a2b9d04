import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { DiskReport } from '../../core/view.ts';
import { DiskProbe } from './disk-probe.ts';

test('a disk that answers is silent for no time, and it is known how much of it is free', async () => {
  const { look, probeDir } = probing();
  const report = await until(look, ({ silentMs, free }) => silentMs === 0 && free !== null);
  expect(report.trouble).toBeNull();
  expect(report.free).toBeGreaterThan(0);
  expect(report.free).toBeLessThanOrEqual(1);
  expect(readdirSync(probeDir)).toEqual(['probe']);
});

test('while a write does not come back it is silent for as long as was looked, and then no more', async () => {
  const { look, stall, pass } = probing();
  await until(look, ({ silentMs }) => silentMs === 0);
  const answer = stall();
  await until(look, ({ silentMs }) => (silentMs ?? 0) > 0);
  const before = look().silentMs!;
  pass(1_000);
  expect(look().silentMs).toBe(before + 1_000);
  answer();
  const report = await until(look, ({ silentMs }) => silentMs === 0);
  expect(report.trouble).toBeNull();
});

test('an agent that stood still for half a minute has not seen the disk silent for so long', async () => {
  const { look, stall, pass } = probing();
  await until(look, ({ silentMs }) => silentMs === 0);
  const answer = stall();
  const { silentMs } = await until(look, (report) => (report.silentMs ?? 0) > 0);
  pass(30_000);
  expect(look().silentMs).toBeLessThanOrEqual(silentMs! + 2_000);
  answer();
});

test('where it may not write it says so, and takes no disk for silent', async () => {
  const { look, probeDir } = probing();
  rmSync(probeDir, { recursive: true });
  const report = await until(look, ({ trouble }) => trouble !== null);
  expect(report.silentMs).toBeNull();
  expect(report.trouble).toContain('No such file or directory');
  mkdirSync(probeDir);
  await until(look, ({ silentMs, trouble }) => silentMs === 0 && trouble === null);
});

test('without a folder to write in only what is free is known, and which key is missing', async () => {
  const { dataDir } = folders();
  const probe = new DiskProbe({ dataDir, probeDir: undefined, now: () => performance.now() });
  onTestFinished(() => probe.close());
  const report = await until(
    () => probe.look(),
    ({ free }) => free !== null,
  );
  expect(report.silentMs).toBeNull();
  expect(report.trouble).toContain('patroni.postgres.probeDir');
});

test('a folder on another file system says nothing of the disk of the data, and that is told', async () => {
  const { dataDir } = folders();
  const probe = new DiskProbe({ dataDir, probeDir: '/proc', now: () => performance.now() });
  onTestFinished(() => probe.close());
  const report = await until(
    () => probe.look(),
    ({ free }) => free !== null,
  );
  expect(report.silentMs).toBeNull();
  expect(report.trouble).not.toBeNull();
});

test('what writes there ends with the agent', async () => {
  const { look, probe, shells } = probing();
  await until(look, ({ silentMs }) => silentMs === 0);
  expect(shells()).toBeGreaterThan(0);
  probe.close();
  await vi.waitFor(() => expect(shells()).toBe(0), 10_000);
});

async function until(
  look: () => DiskReport,
  wanted: (report: DiskReport) => boolean,
): Promise<DiskReport> {
  return vi.waitFor(() => {
    const report = look();
    if (!wanted(report)) throw new Error(JSON.stringify(report));
    return report;
  }, 20_000);
}

function folders() {
  const folder = mkdtempSync(join(tmpdir(), 'farol-disk-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [dataDir, probeDir] = [join(folder, 'data'), join(folder, 'probe')];
  mkdirSync(join(dataDir, 'pg_wal'), { recursive: true });
  mkdirSync(probeDir);
  return { dataDir, probeDir };
}

/** The clock goes as the test says; nothing of it waits. */
function probing() {
  const { dataDir, probeDir } = folders();
  let now = 0;
  const probe = new DiskProbe({ dataDir, probeDir, now: () => now });
  onTestFinished(() => probe.close());
  const file = join(probeDir, 'probe');
  return {
    probe,
    probeDir,
    look: () => {
      now += 10;
      return probe.look();
    },
    pass: (ms: number) => {
      now += ms - 10;
    },
    /** Who opens a named pipe to write waits for a reader, as for a disk. Gives what lets it go on, to a file as before. */
    stall: () => {
      execFileSync('mkfifo', [`${file}.pipe`]);
      // At once: it may be writing just now.
      renameSync(`${file}.pipe`, file);
      const waiting = join(probeDir, 'waiting');
      linkSync(file, waiting);
      let reader: number | null = null;
      const answer = () => {
        writeFileSync(`${file}.new`, '');
        renameSync(`${file}.new`, file);
        // For reading and writing, which waits for nobody.
        reader ??= openSync(waiting, 'r+');
      };
      onTestFinished(() => {
        answer();
        closeSync(reader!);
      });
      return answer;
    },
    shells: () =>
      readdirSync('/proc')
        .filter((pid) => /^\d+$/.test(pid))
        .filter((pid) => commandOf(pid).includes(file)).length,
  };
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
