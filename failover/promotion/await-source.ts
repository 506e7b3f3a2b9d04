import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyNames } from '../core/etcd/names.ts';
import { type Found, readTimelines } from '../core/etcd/reading.ts';
import { reasonNotToPromote } from '../core/timelines.ts';
import { memberIn } from './members.ts';

export interface Awaiting {
  readonly names: KeyNames;
  readonly etcd: { read(...keys: string[]): Promise<(Found | undefined)[]> };
  /** Where the source's PostgreSQL listens. */
  readonly host: string;
  /** The timelines that the source has gone through. */
  readonly chain: () => Promise<readonly number[]>;
  /** Patroni still waits for this program. */
  readonly isWaitedFor: () => boolean;
  readonly say: (what: string) => void;
  readonly everyMs: number;
}

/** `copy`: the source has what was acknowledged. `over`: somebody else leads by now, or nobody. */
export type Awaited = 'copy' | 'over';

/**
 * Before a copy is rewound onto another, or cloned from it (core/timelines.ts): a primary that nobody asked whether it
 * may lead would take away what only this copy has. Patroni calls every end but a copy a failure, and removes the data
 * after it; so this waits, for as long as the source leads. What cannot be known is a no.
 */
export async function awaitSource(awaiting: Awaiting): Promise<Awaited> {
  let said = '';
  while (awaiting.isWaitedFor()) {
    const { awaited, why } = await look(awaiting);
    if (awaited !== null) return awaited;
    if (why !== said) awaiting.say(why);
    said = why;
    await sleep(awaiting.everyMs);
  }
  return 'over';
}

interface Looked {
  readonly awaited: Awaited | null;
  readonly why: string;
}

async function look(awaiting: Awaiting): Promise<Looked> {
  try {
    if (!(await leads(awaiting))) return { awaited: 'over', why: '' };
    const why = await reasonNotToCopy(awaiting);
    return why === null ? { awaited: 'copy', why: '' } : { awaited: null, why };
  } catch (error) {
    return { awaited: null, why: error instanceof Error ? error.message : String(error) };
  }
}

async function leads({ names, etcd, host }: Awaiting): Promise<boolean> {
  const [leader] = await etcd.read(names.patroniLeader);
  if (leader === undefined) return false;
  const [found] = await etcd.read(names.patroniMember(leader.text));
  const member = memberIn(found);
  if (member === null) throw new Error(`Patroni of ${leader.text} is not in etcd`);
  return member.postgresHost === host;
}

async function reasonNotToCopy({ names, etcd, chain }: Awaiting): Promise<string | null> {
  const [[found], gone] = await Promise.all([etcd.read(names.timelines), chain()]);
  const known = readTimelines(found);
  if (known === 'unreadable') return `${names.timelines} cannot be read`;
  return reasonNotToPromote(gone, known);
}
