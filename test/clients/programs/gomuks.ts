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
    picture: (name) => pictureOf(container, join(root, '.cache/clients/pictures', `${name}.png`)),
    [Symbol.asyncDispose]: () => container.remove({ force: true, v: true }),
  };
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
