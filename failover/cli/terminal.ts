import { hostname, userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';

/** Somebody can be asked. */
export const isTerminal = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

export async function typed(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

/** For a record: also behind sudo the person. */
export const whoAsks = (): string =>
  `${process.env.SUDO_USER ?? userInfo().username} at ${hostname()}`.slice(0, 200);

/** What other machines said of themselves is in it: no colours, bells or lines that would pass for others. */
export const forTerminal = (text: string): string =>
  text.replaceAll(/(?:(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}])+/gu, ' ');

/** The same, of one line of JSON, which means what it meant: such signs stand in its strings alone. */
export const jsonForTerminal = (json: string): string =>
  json.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) =>
    Array.from({ length: sign.length }, (_, at) => unitOf(sign, at)).join(''),
  );

const unitOf = (sign: string, at: number) =>
  `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`;
