import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { until } from '../../test/cluster/support/until.ts';
import { type Release, releaseOf } from '../release/build.ts';
import { ansible, type Ended } from '../test/ansible.ts';
import { giveSecrets, goDark, imageOf, isKept, keyOf, LAB_NAME, SUBNET } from './kept.ts';
import { type Asked, type Felt, type Talk, underLoad } from './load.ts';
import { ALL, type Besides, type Lab, raiseLab } from './machines.ts';

export interface Story {
  readonly lab: Lab;
  /** The three sites; the host `vault` keeps their backups. */
  readonly names: readonly string[];
  readonly release: Release;
  /** Runs a playbook. What it printed is kept in `.cache/provisioned`, for whoever must find out more. */
  play(playbook: string, ...options: string[]): Promise<Ended>;
  playWith(inventory: string, playbook: string, ...options: string[]): Promise<Ended>;
  /** The same, and it must come to its end. */
  mustPlay(playbook: string, ...options: string[]): Promise<Ended>;
  /** Clients chat while something is done; it fails unless each of their requests succeeded and nothing was lost. */
  unfelt(what: string, deed: (asked: Asked) => Promise<unknown>, talk?: Talk): Promise<Felt>;
  /** All hosts are shut down, kept as they are for other stories, and switched on again; returns once all is well. */
  goDark(): Promise<void>;
}

const checkout = join(import.meta.dirname, '../..');
let runs = 0;

/** Three bare hosts for the tests of a file, with all that an inventory may have: each test goes on where the one before ended. */
export const beginBare = (besides: Besides = ALL): Story =>
  begin({ besides, key: keyOf(machines(besides), builtRelease()), isMade: false });

/** The same, already made by `site.yml`: switched on as an earlier file has left them, or made now and kept for the next. */
export function beginWithCluster(): Story {
  const key = keyOf(machines(ALL), builtRelease());
  const isMade = isKept(key);
  const story = begin({ besides: ALL, key, isMade });
  beforeAll(async () => {
    if (isMade) {
      await isWell(story.lab);
      await ownDatabases(story.lab);
      return;
    }
    await story.mustPlay('site.yml');
    await firstBackup(story.lab);
    await story.goDark();
  });
  return story;
}

// One for all files of tests.
const builtRelease = () =>
  releaseOf({ checkout, into: join(checkout, '.cache/release'), say: () => {} });

const machines = (besides: Besides) => ({
  sites: ['north', 'south', 'harbour'],
  backups: ['vault'],
  besides,
});

/** `key` is of what the hosts are made by, as it is now. */
function begin({ besides, key, isMade }: { besides: Besides; key: string; isMade: boolean }) {
  const folder = mkdtempSync(join(tmpdir(), 'farol-provisioned-'));
  const release = builtRelease();
  if (isMade) giveSecrets(key, folder);
  const lab = raiseLab({
    ...{ name: LAB_NAME, subnet: SUBNET, ...machines(besides) },
    ...{ release: release.archive, folder },
    ...(isMade && { imageOf: (host: string) => imageOf(key, host) }),
  });
  // What a test has left of itself is gone with its hosts, and a fault that is seen once in ten runs is explained by it alone.
  afterEach(({ task }) => (task.result?.state === 'fail' ? keepJournals(lab) : undefined));
  afterAll(() => {
    lab.remove();
    rmSync(folder, { recursive: true });
  });
  const play: Story['play'] = (playbook, ...options) =>
    playWith(lab.inventory, playbook, ...options);
  const story: Story = {
    lab,
    names: lab.hosts.filter(({ backups }) => !backups).map(({ name }) => name),
    release,
    play,
    playWith,
    async mustPlay(playbook, ...options) {
      const ended = await play(playbook, ...options);
      expect(ended.said).not.toContain('fatal:');
      expect(ended.status).toBe(0);
      return ended;
    },
    async unfelt(what, deed, talk) {
      const felt = await underLoad(lab, deed, talk);
      say(`${what}: ${JSON.stringify(felt)}`);
      expect(felt.violations).toEqual([]);
      expect(felt.failed).toEqual({});
      return felt;
    },
    async goDark() {
      // Whoever has changed playbooks or committed meanwhile has hosts that were made partly by these.
      const isStill = keyOf(machines(besides), builtRelease()) === key;
      await goDark(lab, isStill ? key : null);
      await isWell(lab);
    },
  };
  return story;
}

/** Every site has its part, and clients are answered. */
const isWell = (lab: Lab): Promise<true> =>
  until(
    'writes flow, and every copy follows',
    async () => {
      const { writes, leader, sites } = await lab.status();
      const follows = sites.filter(({ postgres }) => postgres?.state === 'streaming');
      const answers = await lab.on(leader, ...ask(lab)).catch(() => '');
      return writes.kind === 'flow' && follows.length === sites.length - 1 && answers === '200';
    },
    180_000,
  );

/**
 * A host that is switched on from an image has its databases in a lower layer of the image. Whoever opens a file there first copies it
 * up, and a signal interrupts that open, which it does on no disk: PostgreSQL refuses a query with `Interrupted system call`.
 */
async function ownDatabases(lab: Lab): Promise<void> {
  const touch = ['-xdev', '-type', 'f', '-exec', 'touch', '--no-create', '{}', '+'];
  const own = ({ name }: { name: string }) =>
    lab.on(name, 'find', '/var/lib/etcd', '/var/lib/postgresql', ...touch);
  await Promise.all(lab.hosts.filter(({ backups }) => !backups).map(own));
}

const ask = ({ address }: Lab) => [
  ...['curl', '--insecure', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}'],
  `https://${address}/_matrix/client/versions`,
];

/** Returns once there is a backup, which nobody asked for. */
export async function firstBackup(lab: Lab): Promise<void> {
  const info = ['runuser', '-u', 'postgres', '--', 'pgbackrest', '--output=json', 'info'];
  const backups = async () => JSON.parse(await lab.on('north', ...info))[0]?.backup ?? [];
  try {
    await until('there is a backup', async () => (await backups()).length > 0);
  } catch (error) {
    for (const { name } of lab.hosts.filter(({ backups }) => !backups))
      say(`${name}: ${await lab.on(name, 'journalctl', '--no-pager', '-u', 'farol-backup@due')}`);
    throw error;
  }
}

/** What the hosts' programs said in the last half an hour, in `.cache/provisioned`. */
async function keepJournals(lab: Lab): Promise<void> {
  const run = ++runs;
  const said = ['journalctl', '--no-pager', '--output=short-precise', '--since=-30min'];
  for (const { name } of lab.hosts) {
    // Of one that is switched off there is none.
    const journal = await lab.on(name, ...said).catch(String);
    keep(`${run}-${name}.journal`, journal);
  }
}

function keep(name: string, text: string): void {
  const kept = join(checkout, '.cache/provisioned');
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, `${process.pid}-${name}`), text);
}

async function playWith(inventory: string, playbook: string, ...options: string[]): Promise<Ended> {
  const ended = await ansible('ansible-playbook', '--inventory', inventory, playbook, ...options);
  keep(`${++runs}-${playbook}.log`, ended.printed);
  return ended;
}

/** Of each host, how many tasks changed something; of none if the run did not come to its end. */
export function changesOf({ said, status }: Ended): Record<string, number> {
  expect(status).toBe(0);
  const recap = said.slice(said.lastIndexOf('PLAY RECAP'));
  return Object.fromEntries(
    [...recap.matchAll(/(\w+) : ok=\d+ changed=(\d+)/g)].map(([, name, count]) => [
      name!,
      Number(count),
    ]),
  );
}

export const secondsSince = (began: number) => Math.round((performance.now() - began) / 1000);
export const say = (sentence: string) => process.stdout.write(`${sentence}\n`);
