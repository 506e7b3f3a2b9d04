import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  builtImage,
  type Container,
  docker,
  OWNER_LABEL,
  removeAbandoned,
  runIn,
} from '../../cluster/support/engine.ts';
import { until } from '../../cluster/support/until.ts';
import type { Account } from '../sdk.ts';

/** gomuks in a window of its own, as somebody sits before it. */
export interface Gomuks extends AsyncDisposable {
  /** What stands in the window. */
  screen(): Promise<string>;
  /** Resolves when the window shows it. */
  shows(text: string | RegExp): Promise<void>;
  types(text: string): Promise<void>;
  /** By the names that tmux has for keys: Enter, Tab, C-k. */
  presses(...keys: readonly string[]): Promise<void>;
  /** Takes a picture of the window, and resolves with where it lies. */
  picture(name: string): Promise<string>;
  /** From now on there is such a file in the folder where it runs. */
  has(name: string, bytes: Buffer): Promise<void>;
}

const root = join(import.meta.dirname, '../../..');

/** In a container, on the network of this machine, where the server is. */
export async function startGomuks(): Promise<Gomuks> {
  await removeAbandoned();
  const image = await builtImage(join(import.meta.dirname, 'gomuks'), 'farol-test-gomuks');
  const container = await (await docker()).createContainer({
    Image: image,
    Labels: { [OWNER_LABEL]: String(process.pid) },
    HostConfig: { Init: true, NetworkMode: 'host' },
  });
  await container.start();
  const screen = () => done(container, ['tmux', 'capture-pane', '-p', '-t', 'talk']);
  const shows: Gomuks['shows'] = async (text) => {
    let last = '';
    const isShown = (shown: string) =>
      typeof text === 'string' ? shown.includes(text) : text.test(shown);
    await until(`gomuks shows ${text}`, async () => {
      last = await screen();
      return isShown(last);
    }).catch((cause) => {
      throw new Error(`${(cause as Error).message}. It shows:\n${last}`, { cause });
    });
  };
  const send = (...what: readonly string[]) =>
    done(container, ['tmux', 'send-keys', '-t', 'talk', ...what]);
  return {
    ...{ screen, shows },
    types: async (text) => void (await send('-l', '--', text)),
    presses: async (...keys) => void (await send(...keys)),
    has: async (name, bytes) =>
      void (await done(container, [
        ...['sh', '-c', 'echo "$2" | base64 -d > "$1"', 'sh', name, bytes.toString('base64')],
      ])),
    picture: (name) => pictureOf(container, join(root, '.cache/clients/pictures', `${name}.png`)),
    [Symbol.asyncDispose]: () => container.remove({ force: true, v: true }),
  };
}

/** Resolves when it was told all that it asks for. */
export async function signIn(
  gomuks: Gomuks,
  url: string,
  { userId, password }: Account,
): Promise<void> {
  await gomuks.shows('Log in to Matrix');
  for (const typed of [userId, password]) {
    await gomuks.types(typed);
    await gomuks.presses('Tab');
  }
  // Where the name of the server leads nowhere, this is what somebody types.
  await gomuks.presses('C-u');
  await gomuks.types(url);
  await gomuks.presses('Tab', 'Enter');
}

/** Goes into the room that it is invited to. */
export async function accept(gomuks: Gomuks, room: string): Promise<void> {
  await gomuks.shows(room);
  await gomuks.presses('C-k');
  await gomuks.types(room);
  await gomuks.presses('Enter');
  await gomuks.types('/accept');
  await gomuks.presses('Enter');
}

async function pictureOf(container: Container, file: string): Promise<string> {
  const text = await done(container, [
    ...['sh', '-c', 'import -window root png:- | base64 --wrap=0'],
  ]);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.from(text, 'base64'));
  return file;
}

async function done(container: Container, command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runIn(container, command);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
