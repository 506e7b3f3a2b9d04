import { hostname, userInfo } from 'node:os';
import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Somebody can be asked. */
export const isTerminal = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

/** What is typed behind the question, shown as it is typed; null where who is asked leaves by Ctrl-C or Ctrl-D. */
export async function typed(question: string): Promise<string | null> {
  const answer = await lineFrom(process.stdout, (terminal) => terminal.question(question));
  if (answer === null) process.stdout.write('\n');
  return answer;
}

/** The same, and nobody beside sees it. */
export async function typedUnseen(question: string): Promise<string | null> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const answer = await lineFrom(unseen, (terminal) => {
    // Not before the terminal is held: whoever types as soon as it stands there would be shown by the terminal itself.
    process.stderr.write(question);
    return terminal.question('');
  });
  process.stderr.write('\n');
  return answer;
}

async function lineFrom(
  output: NodeJS.WritableStream,
  ask: (terminal: Interface) => Promise<string>,
): Promise<string | null> {
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await ask(terminal);
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    return null;
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
