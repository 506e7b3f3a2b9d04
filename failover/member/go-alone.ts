import type { AloneOrder, FoundOnCopy, LookOrder } from '../core/alone-order.ts';
import type { PrivateMember } from './private-member.ts';

/** What the machine offers for it. */
export interface Ground {
  readonly boot: string;
  readonly uptimeS: () => number;
  /** Which of these take a connection. */
  readonly reached: (doors: readonly string[]) => Promise<readonly string[]>;
  /** A copy of etcd's data, beside them. */
  readonly copy: () => Promise<void>;
  /** etcd on that copy, as the only member; nobody else can ask it. */
  readonly startOnCopy: () => Promise<PrivateMember>;
  /** From here on it is brought to its end, also by a later start; before, nothing was done. */
  readonly decide: () => Promise<void>;
  /** The copy takes the place of the data, which are kept beside it. */
  readonly swap: () => Promise<void>;
  /** Of an order that comes to nothing. */
  readonly forget: () => Promise<void>;
}

/**
 * Lets etcd's member of this machine go on without the others; null once it is done, else why nothing was. All that an administrator was shown
 * is looked at again: he may have thought for as long as he liked. It happens to a copy of the data, and what the new etcd has to say
 * of itself is in it before the copy takes their place; so cut off anywhere it is either as it was before or as it will be.
 */
export async function goAlone(order: AloneOrder, ground: Ground): Promise<string | null> {
  const late = reasonTooLate(order, ground);
  if (late !== null) return late;
  const there = await reasonThere(order, ground);
  if (there !== null) return there;
  try {
    await ground.copy();
    const why = await prepare(order, ground);
    const notNow = why ?? (await reasonThere(order, ground)) ?? reasonTooLate(order, ground);
    if (notNow !== null) {
      await ground.forget();
      return notNow;
    }
    await ground.decide();
  } catch (error) {
    await ground.forget();
    return `it could not be prepared: ${error instanceof Error ? error.message : error}`;
  }
  await ground.swap();
  return null;
}

async function reasonThere({ doors }: AloneOrder, ground: Ground): Promise<string | null> {
  const there = await ground.reached(doors);
  if (there.length === 0) return null;
  return `${there.join(' and ')} can be reached by now: whoever is there is no loss`;
}

/** Why it is not as it was shown, as a clause; null once all that has to stand in it does. */
async function prepare({ seen, compare, put }: AloneOrder, ground: Ground): Promise<string | null> {
  const member = await ground.startOnCopy();
  try {
    const found = await member.own();
    if (found.clusterId !== seen.clusterId || found.memberId !== seen.memberId)
      return "etcd's data here are of another member than was shown";
    if (found.revision !== seen.revision)
      return `etcd's data here are of revision ${found.revision}, and ${seen.revision} was shown: look again`;
    const others = await member.others();
    if (others !== 1)
      return `etcd has ${others} other members by its data, and of more than one nobody knows what they decide without this one`;
    return (await member.write(compare, put))
      ? null
      : 'etcd holds something else than was shown: look again';
  } finally {
    await member.end();
  }
}

/** What etcd's member here has, of which nothing is changed. */
export async function lookOnCopy(
  order: LookOrder,
  ground: Ground,
  tell: (found: Omit<FoundOnCopy, 'sites'>) => Promise<void>,
): Promise<string | null> {
  const late = reasonTooLate(order, ground);
  if (late !== null) return late;
  try {
    await ground.copy();
    const member = await ground.startOnCopy();
    try {
      const [own, others] = [await member.own(), await member.others()];
      const kvs = await member.read(order.look);
      await tell({ ...own, others, kvs, boot: ground.boot, atS: ground.uptimeS() });
    } finally {
      await member.end();
    }
    return null;
  } catch (error) {
    return `it could not be looked at: ${error instanceof Error ? error.message : error}`;
  } finally {
    await ground.forget();
  }
}

function reasonTooLate({ boot, untilS }: AloneOrder | LookOrder, ground: Ground): string | null {
  const isGood = boot === ground.boot && ground.uptimeS() <= untilS;
  return isGood ? null : 'the order came too late to be carried out as it was shown: ask again';
}
