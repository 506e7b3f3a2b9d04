import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { type Release, releaseOf } from '../release/build.ts';
import { ansible, type Ended } from '../test/ansible.ts';
import { type Asked, type Felt, type Talk, underLoad } from './load.ts';
import { type Besides, type Lab, raiseLab } from './machines.ts';

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
}

/** The time of a file of tests goes into runs of playbooks: whoever needs no backups and no calls has none. */
export interface Told extends Besides {
  /** Whether there is a host for them. */
  readonly backups?: boolean;
}

const checkout = join(import.meta.dirname, '../..');
let runs = 0;

/** Three bare hosts for the tests of a file: each goes on where the one before ended. */
export function beginStory({ backups = false, ...besides }: Told = {}): Story {
  const folder = mkdtempSync(join(tmpdir(), 'farol-provisioned-'));
  // One for all files of tests.
  const release = releaseOf({ checkout, into: join(checkout, '.cache/release'), say: () => {} });
  const lab = raiseLab({
    name: `farol-test-ansible-${process.pid}`,
    subnet: `10.231.${100 + (process.pid % 100)}`,
    sites: ['north', 'south', 'harbour'],
    backups: backups ? ['vault'] : [],
    besides,
    release: release.archive,
    folder,
  });
  afterAll(() => {
    lab.remove();
    rmSync(folder, { recursive: true });
  });
  const play: Story['play'] = (playbook, ...options) =>
    playWith(lab.inventory, playbook, ...options);
  return {
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
  };
}

async function playWith(inventory: string, playbook: string, ...options: string[]): Promise<Ended> {
  const ended = await ansible('ansible-playbook', '--inventory', inventory, playbook, ...options);
  const kept = join(checkout, '.cache/provisioned');
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, `${process.pid}-${++runs}-${playbook}.log`), ended.printed);
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
