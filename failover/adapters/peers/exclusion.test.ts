import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LEAVE_MAX_MS, PROMOTING_MAX_MS } from '../../core/timings.ts';
import { withoutLeave } from '../../promotion/without-leave.ts';
import { leaveFile, promotingFile } from './exclusion.ts';
import { LeaveNote } from './leave-note.ts';

// An agent that lets the leader go on without etcd, and the promotion of its own site's copy (F20).

const YES = { refused: null, next: 2, timeline: 2 } as const;
const NO = { refused: 'others have more', kind: 'votes' } as const;

test('a promotion decides once the leave of its agent is over', async () => {
  const site = await bothAt();
  const leaveEnds = site.clock() + 300;
  await site.note.note(leaveEnds);
  const decidedAt = await site.promote(async () => YES).then(() => site.decidedAt());
  expect(decidedAt).toBeGreaterThanOrEqual(leaveEnds);
});

test('while one is under way, and for a while after a yes, no leave is noted', async () => {
  const site = await bothAt();
  await site.promote(async () => {
    await expect(site.note.note(site.clock() + 300)).rejects.toThrow('a promotion of its copy');
    return YES;
  });
  await expect(site.note.note(site.clock() + 300)).rejects.toThrow('a promotion of its copy');
  site.advance(PROMOTING_MAX_MS);
  await site.note.note(site.clock() + 300);
});

test('behind a no leave is given again at once', async () => {
  const site = await bothAt();
  expect(await site.promote(async () => NO)).toEqual(NO);
  await site.note.note(site.clock() + 300);
});

test('of a leave and a promotion that begin at once, one sees the other: never does both go on', async () => {
  for (let time = 0; time < 50; time++) {
    const site = await bothAt();
    let deciding = false;
    const promoted = site.promote(async () => {
      deciding = true;
      return NO;
    });
    const noted = site.note.note(site.clock() + 80).then(
      () => ({ given: true, beforeDecision: !deciding }),
      () => ({ given: false, beforeDecision: true }),
    );
    const { given, beforeDecision } = await noted;
    // A leave that was given before the decision holds it up until it is over.
    if (given && beforeDecision) expect(deciding).toBe(false);
    await promoted;
  }
});

test('a promotion that stood still for longer than its agent believes it alive comes to nothing', async () => {
  const site = await bothAt();
  const verdict = await site.promote(async () => {
    site.advance(PROMOTING_MAX_MS);
    return YES;
  });
  expect(verdict.refused).toContain('stood still');
  await site.note.note(site.clock() + 10);
});

test('a leave that nobody can read holds for as long as any could', async () => {
  const site = await bothAt();
  await writeFile(leaveFile(site.folder), '{"until":');
  const from = site.clock();
  expect(await site.note.noted()).toBeGreaterThanOrEqual(from + LEAVE_MAX_MS);
  await writeFile(promotingFile(site.folder), 'x');
  await expect(site.note.note(site.clock() + 10)).rejects.toThrow('a promotion of its copy');
});

test('a promotion waits no longer for one that nobody can read than for any other', async () => {
  const site = await bothAt();
  await writeFile(leaveFile(site.folder), '{"until":');
  const from = site.clock();
  const promoted = site.promote(async () => YES);
  setTimeout(() => site.advance(LEAVE_MAX_MS), 100);
  expect(await promoted).toEqual(YES);
  expect(site.decidedAt()).toBeGreaterThanOrEqual(from + LEAVE_MAX_MS);
});

// Its folder is another user's, who may not make the agent or a promotion wait for, or read, what it should not.
test('nobody waits for a pipe in its place: it cannot be read', async () => {
  const site = await bothAt();
  for (const path of [leaveFile(site.folder), promotingFile(site.folder)])
    execFileSync('mkfifo', [path]);
  const from = site.clock();
  expect(await site.note.noted()).toBeGreaterThanOrEqual(from + LEAVE_MAX_MS);
  await expect(site.note.note(site.clock() + 10)).rejects.toThrow('a promotion of its copy');
});

test('nor is more read of it than such a word is long', async () => {
  const site = await bothAt();
  await writeFile(promotingFile(site.folder), JSON.stringify({ why: 'x'.repeat(4_096), until: 0 }));
  await expect(site.note.note(site.clock() + 10)).rejects.toThrow('a promotion of its copy');
});

test('one that was noted lasts over the end of its agent', async () => {
  const site = await bothAt();
  const until = site.clock() + 2_000;
  await site.note.note(until);
  await site.note.note(until - 500);
  expect(await new LeaveNote(site.folder, site.clock).noted()).toBe(until);
  expect(JSON.parse(await readFile(leaveFile(site.folder), 'utf8'))).toEqual({ until });
});

test('where the folder of leaves is not there none can be given, and nothing keeps a promotion', async () => {
  const site = await bothAt({ folders: [] });
  expect(await site.promote(async () => YES)).toEqual(YES);
  await expect(site.note.note(site.clock() + 10)).rejects.toThrow();
});

test('where a promotion cannot say that it has begun, and a leave could be given, it is none', async () => {
  const site = await bothAt({ folders: ['failsafe'] });
  expect((await site.promote(async () => YES)).refused).toContain('cannot be written');
});

async function bothAt({ folders = ['failsafe', 'promotion'] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'farol-leave-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const name of folders) await mkdir(join(folder, name));
  let ahead = 0;
  let decided = 0;
  const clock = () => Math.round(performance.now()) + ahead;
  return {
    folder,
    clock,
    advance: (ms: number) => {
      ahead += ms;
    },
    note: new LeaveNote(folder, clock),
    decidedAt: () => decided,
    promote: (decide: Parameters<typeof withoutLeave>[1]) =>
      withoutLeave({ runtimeDir: folder, now: clock }, () => {
        decided = clock();
        return decide();
      }),
  };
}
