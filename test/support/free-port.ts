import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the kernel gives to whoever asks for any: those may be another test's a moment later. */
const [FIRST, LAST] = [10_000, 32_000];

/** A port that a program may be told to listen on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
