import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateAuthority } from '../../support/certificates.ts';
import { cpuMsOf } from '../cpu.ts';
import { benchPostgres } from './postgres.ts';
import { MB, type Place, type Said, type Told, type Way, type Wire } from './wire.ts';

// `node test/bench/floor/main.ts`: what a MB costs, leg by leg, in programs that do nothing else with it.

const WARM_UP_MB = 100;
const MEGABYTES = 400;

await using building = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'farol-floor-'));
building.defer(() => rm(folder, { recursive: true, force: true }));
await (await certificateAuthority(folder)).issue('site', { ip: ['127.0.0.1'] });

for (const wire of ['tcp', 'unix', 'tls'] as const)
  for (const way of ['give', 'take', 'http-give', 'http-take'] as const) await leg(wire, way);
hashing();
await benchPostgres(console.log);

async function leg(wire: Wire, way: Way): Promise<void> {
  const place: Place = { wire, way, folder };
  const [server, client] = [end(), end()];
  const { port } = (await told(server, { kind: 'listen', place })) as { port: number };
  await told(client, { kind: 'connect', place, port });
  await told(client, { kind: 'run', megabytes: WARM_UP_MB });
  const before = [server, client].map(({ pid }) => cpuMsOf(pid!));
  await told(client, { kind: 'run', megabytes: MEGABYTES });
  const each = [server, client].map(({ pid }, n) => (cpuMsOf(pid!) - before[n]!) / MEGABYTES);
  console.log(
    `${wire.padEnd(5)} ${way.padEnd(10)} ${each[0]!.toFixed(2)} ms a MB at the listening end, ${each[1]!.toFixed(2)} at the other`,
  );
  for (const child of [server, client]) child.disconnect();
}

function end(): ChildProcess {
  return fork(join(import.meta.dirname, 'end.ts'));
}

async function told(child: ChildProcess, what: Told): Promise<Said> {
  child.send(what);
  const [said] = (await once(child, 'message')) as [Said];
  return said;
}

function hashing(): void {
  const bytes = randomBytes(MB);
  const before = process.cpuUsage();
  for (let n = 0; n < 50; n += 1) createHash('sha256').update(bytes).digest();
  const { user, system } = process.cpuUsage(before);
  console.log(`SHA-256          ${((user + system) / 50_000).toFixed(2)} ms a MB`);
}
