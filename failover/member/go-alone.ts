import type { AloneOrder, FoundOnCopy, LookOrder } from '../core/alone-order.ts';
import type { Members } from './members-in.ts';
import type { PrivateMember } from './private-member.ts';

/** What the machine offers for it. */
export interface Ground {
  readonly boot: string;
  readonly uptimeS: () => number;
  /** Why these data cannot be exchanged as a whole, or must not be gone on with; null where nothing speaks against it. */
  readonly reasonUnfit: () => Promise<string | null>;
  /** Which of these take a connection. */
  readonly reached: (doors: readonly string[]) => Promise<readonly string[]>;
  /** A copy of etcd's data, beside them, with all that is in its log taken for confirmed. */
  readonly copy: () => Promise<void>;
  /** By the copy. */
  readonly members: () => Promise<Members>;
  /** etcd on that copy, as the only member; nobody else can ask it, and it asks nobody. */
  readonly startOnCopy: () => Promise<PrivateMember>;
  /** The copy is on the disk. */
  readonly settle: () => Promise<void>;
  /** The point of decision: from here on it is brought to its end, also by a later start; before, nothing was done. */
  readonly decide: (id: string) => Promise<void>;
  readonly isDecided: () => boolean;
  /** The copy takes the place of the data, which are kept beside it; then nothing says any more that it has to. */
  readonly swap: () => Promise<void>;
  /** Of an order that comes to nothing. */
  readonly forget: () => Promise<void>;
}

/** `decided` is to be put in place still. */
export type WentAlone =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused' | 'decided'; readonly why: string };

/**
 * Lets etcd's member of this machine go on without the others. All that an administrator was shown is looked at again: he may have thought for as
 * long as he liked. It happens to a copy of the data, and what the new etcd has to say of itself is in it before the copy takes their
 * place; so cut off anywhere it is either as it was before or as it will be. Behind the point of decision nothing is called refused.
 */
export async function goAlone(order: AloneOrder, ground: Ground): Promise<WentAlone> {
  const early = reasonTooLate(order, ground) ?? (await reasonThere(order, ground));
  if (early !== null) return { kind: 'refused', why: early };
  try {
    const why = (await prepare(order, ground)) ?? (await reasonThere(order, ground));
    if (why !== null) return await refusedBy(ground, why);
    await ground.decide(order.id);
  } catch (error) {
    if (!ground.isDecided())
      return await refusedBy(ground, `it could not be prepared: ${reasonOf(error)}`);
  }
  return putInPlace(ground);
}

/** Of what was decided, by this start or by one before. */
export async function putInPlace(ground: Ground): Promise<WentAlone> {
  try {
    await ground.swap();
  } catch (error) {
    // It is the last thing that goes: without it the copy is where it belongs.
    if (ground.isDecided())
      return { kind: 'decided', why: `its data cannot be put in their place: ${reasonOf(error)}` };
  }
  return { kind: 'done' };
}

async function refusedBy(ground: Ground, why: string): Promise<WentAlone> {
  await ground.forget();
  return { kind: 'refused', why };
}

async function reasonThere({ doors }: AloneOrder, ground: Ground): Promise<string | null> {
  const there = await ground.reached(doors);
  if (there.length === 0) return null;
  return `${there.join(' and ')} can be reached by now: whoever is there is no loss`;
}

/** Why it is not as it was shown, as a clause; null once all that has to stand in the copy does, and is on the disk. */
async function prepare({ seen, compare, put }: AloneOrder, ground: Ground): Promise<string | null> {
  const unfit = await copied(ground);
  if (typeof unfit === 'string') return unfit;
  if (unfit.self !== seen.memberId || unfit.voters.join() !== [...seen.voters].sort().join())
    return "etcd's data here are of other members than was shown";
  const member = await ground.startOnCopy();
  try {
    const found = await member.own();
    if (found.clusterId !== seen.clusterId || found.memberId !== seen.memberId)
      return "etcd's data here are of another member than was shown";
    if (found.revision !== seen.revision)
      return `etcd's data here are of revision ${found.revision}, and ${seen.revision} was shown: look again`;
    if (!(await member.write(compare, put)))
      return 'etcd holds something else than was shown: look again';
  } finally {
    await member.end();
  }
  await ground.settle();
  return null;
}

/** Of two members, by their data; else why it is none that could go on alone, as a clause. */
async function copied(ground: Ground): Promise<Members | string> {
  const unfit = await ground.reasonUnfit();
  if (unfit !== null) return unfit;
  await ground.copy();
  const members = await ground.members();
  return reasonNotOneOfTwo(members) ?? members;
}

function reasonNotOneOfTwo({ self, voters, learners }: Members): string | null {
  if (learners.includes(self))
    return "etcd's member here only listens, and does not have all that was decided";
  if (!voters.includes(self)) return "etcd's member here was removed from the others";
  const others = voters.length - 1;
  if (others !== 1)
    return `etcd has ${others} other members with a vote by its data, and only of one it is known that it decides nothing without this one`;
  if (learners.length === 0) return null;
  return 'etcd has a member that only listens: what that one would be with this one alone was never tried';
}

/** What etcd's member here has, of which nothing is changed. Null once that was told; else why not, as a clause. */
export async function lookOnCopy(
  order: LookOrder,
  ground: Ground,
  tell: (found: Omit<FoundOnCopy, 'sites'>) => Promise<void>,
): Promise<string | null> {
  const late = reasonTooLate(order, ground);
  if (late !== null) return late;
  try {
    const members = await copied(ground);
    if (typeof members === 'string') return members;
    const member = await ground.startOnCopy();
    try {
      const [own, kvs] = [await member.own(), await member.read(order.look)];
      const { voters } = members;
      await tell({ ...own, voters, kvs, boot: ground.boot, atS: ground.uptimeS() });
    } finally {
      await member.end();
    }
    return null;
  } catch (error) {
    return `it could not be looked at: ${reasonOf(error)}`;
  } finally {
    await ground.forget();
  }
}

/** It bounds when an order is taken, not what is done upon it, which takes as long as a disk and etcd take. */
function reasonTooLate({ boot, untilS }: AloneOrder | LookOrder, ground: Ground): string | null {
  const isGood = boot === ground.boot && ground.uptimeS() <= untilS;
  return isGood ? null : 'the order came too late to be carried out as it was shown: ask again';
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
