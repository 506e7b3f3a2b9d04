import { text } from 'node:stream/consumers';
import { typedUnseen } from './terminal.ts';

/** What somebody types without seeing it, or the first line of what is piped in; throws where they leave instead. */
export async function askPassword(question: string): Promise<string> {
  if (!process.stdin.isTTY) return firstLine(await text(process.stdin));
  const password = await typedUnseen(question);
  if (password === null) throw new Error('No password was typed; nothing was done');
  return password;
}

const firstLine = (all: string): string => all.split(/\r?\n/, 1)[0]!;
