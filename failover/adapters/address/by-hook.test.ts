import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../../test/support/folder.ts';
import { ByHook } from './by-hook.ts';

test('the program is told the address and the claim, and says by how it ends that it is done', async () => {
  const { hook, said } = hookOf('echo "$1 $FAROL_ADDRESS $FAROL_CLUSTER $FAROL_TERM" >> said');
  await hook.hold(4_000, { clusterId: 'e7c', revision: 57 });
  await hook.drop();
  expect(said()).toEqual(['claim 192.0.2.10 e7c 57', 'release 192.0.2.10 e7c 57']);
});

test('of a claim that another process made nothing is known when it is released', async () => {
  const { hook, said } = hookOf('echo "$1 $FAROL_ADDRESS $FAROL_TERM" >> said');
  await hook.drop();
  expect(said()).toEqual(['release 192.0.2.10 ']);
});

test('what is claimed is claimed again now and then, and at once under another claim', async () => {
  const { hook, said, clock } = hookOf('echo "$1 $FAROL_TERM" >> said');
  await hook.hold(4_000, term(57));
  clock.now = 700;
  await hook.hold(4_700, term(57));
  expect(said()).toEqual(['claim 57']);
  clock.now = 31_000;
  await hook.hold(35_000, term(57));
  await hook.hold(35_000, term(60));
  expect(said()).toEqual(['claim 57', 'claim 57', 'claim 60']);
});

test('a claim that is asked for again while it runs is not begun twice', async () => {
  const { hook, said, finish } = hookOf(
    'echo "$1" >> said; until [ -e finish ]; do sleep 0.02; done',
  );
  const first = hook.hold(4_000, term(57));
  await vi.waitFor(() => expect(said()).toEqual(['claim']));
  const second = hook.hold(4_700, term(57));
  finish();
  await Promise.all([first, second]);
  expect(said()).toEqual(['claim']);
});

test('it is released only when the claim under way has ended', async () => {
  const { hook, said } = hookOf(
    `if [ "$1" = claim ]; then echo $$ > pid; echo claim >> said; exec sleep 600; fi
     if kill -0 "$(cat pid)" 2> /dev/null; then echo beside >> said; fi; echo "$1" >> said`,
  );
  const claimed = hook.hold(4_000, term(57));
  await vi.waitFor(() => expect(said()).toEqual(['claim']));
  // Nothing is claimed for longer under a lease that is to be given up.
  await Promise.all([expect(claimed).rejects.toThrow('the lease'), hook.drop()]);
  expect(said()).toEqual(['claim', 'release']);
});

test('one that hangs is ended when its time is over, with all that it started', async () => {
  const { hook, said, clock, pidsLiving } = hookOf('sleep 600 & echo $! >> said; wait');
  const claimed = hook.hold(1e9, term(57));
  await vi.waitFor(() => expect(said()).toHaveLength(1));
  clock.now = 10_000;
  await expect(claimed).rejects.toThrow('claim was ended: it took 10 s');
  await vi.waitFor(() => expect(pidsLiving()).toEqual([]));
});

test('a claim whose lease is over is ended, and not one whose lease goes on', async () => {
  const { hook, said, clock } = hookOf('echo $$ >> said; exec sleep 600');
  const claimed = hook.hold(4_000, term(57));
  await vi.waitFor(() => expect(said()).toHaveLength(1));
  void hook.hold(8_000, term(57)).catch(() => undefined);
  clock.now = 8_000 + 1_799;
  const early = await Promise.race([claimed.catch(() => 'ended'), ticks(3)]);
  expect(early).toBe('goes on');
  clock.now = 8_000 + 1_800;
  await expect(claimed).rejects.toThrow('the lease of the address was over');
});

test('what failed is told in its own last words, and is asked for again', async () => {
  const { hook, said } = hookOf('echo "$1" >> said; echo "no such load balancer" >&2; exit 3');
  const failed = expect.stringMatching(/claim ended with 3: no such load balancer$/);
  for (let times = 0; times < 2; times++)
    await expect(hook.hold(4_000, term(57))).rejects.toMatchObject({ message: failed });
  expect(said()).toEqual(['claim', 'claim']);
});

test('of a program that says very much the end is told', async () => {
  const { hook } = hookOf('head -c 1000000 /dev/zero | tr "\\0" x >&2; echo END >&2; exit 1');
  const error: Error = await hook.hold(4_000, term(57)).then(
    () => new Error('it did not fail'),
    (failed) => failed,
  );
  expect(error.message).toMatch(/END$/);
  expect(error.message.length).toBeLessThan(1_200);
});

test('a program that is not there is a failure that names it', async () => {
  const hook = new ByHook(
    { address: '192.0.2.10', command: ['/no/such/hook'], withinSeconds: 10 },
    { now: () => 0, onTrouble: () => undefined },
  );
  await expect(hook.hold(4_000, term(57))).rejects.toThrow('/no/such/hook');
});

test.each([
  ['is here', 0, true],
  ['is elsewhere', 1, false],
])('a status that ends with %s: %i', async (_, code, present) => {
  const { hook } = hookOf(`exit ${code}`);
  expect(await hook.present()).toBe(present);
});

test('a status that does not know is no answer', async () => {
  const { hook } = hookOf('exit 2');
  await expect(hook.present()).rejects.toThrow('status ended with 2');
});

const term = (revision: number) => ({ clusterId: 'e7c', revision });

const ticks = async (count: number) => {
  // The look whether it is over comes every 100 ms.
  for (let tick = 0; tick < count; tick++) await new Promise((done) => setTimeout(done, 100));
  return 'goes on';
};

/** A hook in a folder of its own, by a clock that stands still; `said` holds the lines of its file of that name. */
function hookOf(script: string) {
  const folder = temporaryFolder();
  const [program, file] = [join(folder, 'hook'), join(folder, 'said')];
  writeFileSync(program, `#!/bin/sh\ncd '${folder}'\n${script}\n`);
  chmodSync(program, 0o755);
  const clock = { now: 0 };
  const hook = new ByHook(
    { address: '192.0.2.10', command: [program], withinSeconds: 10 },
    { now: () => clock.now, onTrouble: () => undefined },
  );
  const said = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  return {
    hook,
    said,
    clock,
    finish: () => writeFileSync(join(folder, 'finish'), ''),
    pidsLiving: () => said().filter((pid) => existsSync(`/proc/${pid}`)),
  };
}
