import { outlook } from '../../failover/cli/outlook.ts';
import type { Status } from '../../failover/status/status.ts';
import type { Message } from './chat.ts';
import { chatShown } from './chat-shown.ts';
import { wrapped } from './lines.ts';
import { type MachineShown, siteTable } from './screen.ts';

export interface OnStage {
  readonly machines: readonly MachineShown[];
  readonly status: Status | null;
  readonly messages: readonly Message[];
  /** What is being told. */
  readonly says: string;
  readonly now: number;
}

export const COLUMNS = 80;
const CHAT_LINES = 7;
const SAYS_LINES = 3;
const OUTLOOK_LINES = 3;

/** The scripted demo's picture: every part at its place in each, so that eyes need not look for it. */
export function stage({ machines, status, messages, says, now }: OnStage): string {
  const expected = status === null ? ['No agent answers just now.'] : outlook(status);
  return [
    ...filled(wrapped(says, COLUMNS), SAYS_LINES),
    '',
    ...siteTable(machines, status, ['NETWORK', 'EPOCH']),
    '',
    ...filled(wrapped(expected.join(' '), COLUMNS), OUTLOOK_LINES),
    '',
    'Ana and Ben, through the one address:',
    ...filled(chatShown(messages, now, CHAT_LINES), CHAT_LINES),
  ].join('\n');
}

/** Exactly so many. */
const filled = (lines: readonly string[], count: number): string[] =>
  Array.from({ length: count }, (_, index) => lines[index] ?? '');
