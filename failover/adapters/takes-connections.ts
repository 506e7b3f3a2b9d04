import { connect } from 'node:net';
import { bareHost } from '../core/bare-host.ts';

/** Whether a program listens there, whatever it answers. */
export function takesConnections(url: URL, withinMs: number): Promise<boolean> {
  const socket = connect({ host: bareHost(url), port: Number(url.port) });
  return new Promise((resolve) => {
    const tell = (takes: boolean) => {
      socket.destroy();
      resolve(takes);
    };
    socket.setTimeout(withinMs, () => tell(false));
    socket.once('connect', () => tell(true));
    socket.once('error', () => tell(false));
  });
}

/** Those of `HOST:PORT` that do. */
export async function reachedOf(
  doors: readonly string[],
  withinMs: number,
): Promise<readonly string[]> {
  const are = await Promise.all(
    doors.map((door) => takesConnections(new URL(`tcp://${door}`), withinMs)),
  );
  return doors.filter((_, index) => are[index]);
}
