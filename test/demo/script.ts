import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/support/cluster.ts';
import { until } from '../cluster/support/until.ts';
import { Chat } from './chat.ts';
import { anyStatus, look, type Machine, machinesOf, powerOff, powerOn } from './machines.ts';
import { stage } from './stage.ts';
import { type Chapter, storyOf } from './story.ts';

const LOOK_EVERY_MS = 500;
/** A chapter whose end does not come is a fault, and the story ends with it. */
const CHAPTER_MAX_MS = 180_000;

export interface Audience {
  readonly show: (picture: string, says: string) => void;
  /** They have had enough. */
  readonly left: AbortSignal;
}

/** Plays a power cut and a return by itself; each picture is shown. Says at its end what became of the messages. */
export async function playScript(cluster: Cluster, audience: Audience): Promise<string> {
  const machines = machinesOf(cluster);
  const leader = await until(
    'one leads',
    async () => (await anyStatus(machines))?.leader ?? undefined,
  );
  const struck = machines.find(({ site }) => site.name === leader)!;
  const chat = new Chat(cluster);
  await chat.begin();
  for (const chapter of storyOf(leader))
    await play(chapter, { machines, struck, chat, ...audience });
  if (audience.left.aborted) return 'Interrupted.';
  const { count, violations } = await chat.end();
  if (violations.length > 0) throw new Error(`Not all is well:\n${violations.join('\n')}`);
  return `${count} messages were acknowledged; each is there, once and in order.`;
}

interface Stage extends Audience {
  readonly machines: readonly Machine[];
  readonly struck: Machine;
  readonly chat: Chat;
}

async function play(
  { says, does, atLeastMs, until: isOver }: Chapter,
  { machines, struck, chat, show, left }: Stage,
): Promise<void> {
  if (left.aborted) return;
  const from = performance.now();
  if (does === 'power off') await powerOff(struck);
  if (does === 'power on') await powerOn(struck);
  while (!left.aborted) {
    const [status, shown] = await Promise.all([
      anyStatus(machines),
      Promise.all(machines.map(look)),
    ]);
    const now = performance.now();
    show(stage({ machines: shown, status, messages: chat.messages, says, now }), says);
    if (now - from >= atLeastMs && isOver({ status, flows: chat.acknowledgedSince(from) })) return;
    if (now - from > CHAPTER_MAX_MS) throw new Error(`It did not come to pass: ${says}`);
    await sleep(LOOK_EVERY_MS);
  }
}
