import { spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request, fetch as undiciFetch } from 'undici';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { Authority } from '../support/certificates.ts';
import { end, hasEnded, type Started, startProcess } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';

/** A whole Synapse on this machine, with TLS, that trusts and is trusted by the authority. */
export interface SynapseServer extends AsyncDisposable {
  readonly name: string;
  /** Throws for any status but 200. */
  ask(call: string, options?: { token?: string; body?: object }): Promise<JsonObject>;
  /** As `fetch`, by its authority. */
  readonly fetch: typeof globalThis.fetch;
  /** Its access token. */
  register(localpart: string, as?: { admin?: boolean }): Promise<string>;
  /** Ends the process. */
  stop(): Promise<void>;
  /** Starts it again, with all that it had. */
  again(): Promise<void>;
  /** The last that it wrote. */
  said(): string;
}

const SECRET = 'a test';

export interface SynapseOptions {
  /** Whoever was away is left alone for ten minutes, as Synapse does unless told otherwise. */
  readonly backsOff?: boolean;
  /** An address of this machine; localhost unless told. */
  readonly host?: string;
}

export async function startSynapse(
  python: string,
  authority: Authority,
  { backsOff = false, host = 'localhost' }: SynapseOptions = {},
): Promise<SynapseServer> {
  const port = await freePort();
  const name = `${host}:${port}`;
  const address = host === 'localhost' ? '127.0.0.1' : host;
  const folder = mkdtempSync(join(tmpdir(), 'farol-synapse-'));
  const issued = await authority.issue(`synapse${port}`, { dns: ['localhost'], ip: [address] });
  const file = join(folder, 'homeserver.yaml');
  writeFileSync(
    file,
    JSON.stringify(
      settings({ name, address, port, folder, ca: authority.ca, backsOff, ...issued }),
    ),
  );
  const options = ['-m', 'synapse.app.homeserver', '-c', file];
  await ended(python, [...options, '--generate-keys']);
  const agent = new Agent({ connect: { ca: readFileSync(authority.ca) } });
  const ask = askAt(name, agent);
  let running: Started | undefined;
  const said = () => running?.said() ?? '';
  const stop = async () => {
    if (running) await end(running.child, 'SIGTERM');
  };
  const again = async () => {
    running = startProcess(python, options, { cwd: folder });
    const { child } = running;
    await untilServing(ask, () => hasEnded(child)).catch(async (cause: unknown) => {
      await stop();
      throw new Error(`Synapse does not serve: ${said()}`, { cause });
    });
  };
  const dispose = async () => {
    await stop();
    await agent.destroy();
    rmSync(folder, { recursive: true, force: true });
  };
  await again().catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  return {
    ...{ name, ask, stop, again, said, fetch: fetchBy(agent) },
    register: (localpart, as) => registered(ask, localpart, as),
    [Symbol.asyncDispose]: dispose,
  };
}

const askAt =
  (name: string, agent: Agent): SynapseServer['ask'] =>
  async (call, { token, body } = {}) => {
    const [method, path] = call.split(' ') as ['GET', string];
    const answer = await request(`https://${name}${path}`, {
      ...{ method, dispatcher: agent, body: body ? JSON.stringify(body) : null },
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${call}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as JsonObject;
  };

/** undici's own, since a dispatcher of one of its releases need not fit the other, which Node has built in. */
const fetchBy = (dispatcher: Agent) =>
  ((input: string, init?: object) =>
    undiciFetch(input, { ...init, dispatcher })) as unknown as typeof globalThis.fetch;

const settings = (at: {
  name: string;
  address: string;
  port: number;
  folder: string;
  ca: string;
  certificate: string;
  key: string;
  backsOff: boolean;
}) => ({
  server_name: at.name,
  listeners: [
    {
      ...{ port: at.port, tls: true, type: 'http', bind_addresses: [at.address] },
      resources: [{ names: ['client', 'federation'] }],
    },
  ],
  ...{ tls_certificate_path: at.certificate, tls_private_key_path: at.key },
  database: { name: 'sqlite3', args: { database: join(at.folder, 'db') } },
  media_store_path: join(at.folder, 'media'),
  signing_key_path: join(at.folder, 'signing.key'),
  ...{ federation_custom_ca_list: [at.ca], ip_range_blacklist: [], trusted_key_servers: [] },
  ...{ report_stats: false, registration_shared_secret: SECRET },
  allow_public_rooms_over_federation: true,
  room_list_publication_rules: [{ action: 'allow' }],
  // By default whoever was away is tried again after ten minutes.
  federation: {
    ...(at.backsOff
      ? {}
      : { destination_min_retry_interval: '1s', destination_retry_multiplier: 1 }),
    // Nor does it wait for a minute and more between the tries of one transaction.
    max_long_retry_delay: '1s',
  },
  rc_federation: { sleep_limit: 1_000, reject_limit: 1_000, concurrent: 10 },
  rc_invites: {
    per_room: { per_second: 1_000, burst_count: 1_000 },
    per_user: { per_second: 1_000, burst_count: 1_000 },
    per_issuer: { per_second: 1_000, burst_count: 1_000 },
  },
  // Else it answers the same /sync for two minutes as it did first.
  caches: { sync_response_cache_duration: 0 },
  // One user of it makes all the rooms, and says all that is said there.
  rc_message: { per_second: 1_000, burst_count: 1_000 },
  rc_room_creation: { per_second: 1_000, burst_count: 1_000 },
  rc_joins: {
    local: { per_second: 1_000, burst_count: 1_000 },
    remote: { per_second: 1_000, burst_count: 1_000 },
  },
});

async function ended(program: string, options: readonly string[]): Promise<void> {
  const child = spawn(program, options, { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`${program} ${options.join(' ')} ended with ${code}`);
}

const LOOKED_EVERY_MS = 250;
const TRIES = 600;

async function untilServing(ask: SynapseServer['ask'], hasEnded: () => boolean): Promise<void> {
  for (let count = 0; ; count += 1) {
    const error = await ask('GET /_matrix/client/versions').then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) return;
    if (hasEnded() || count > TRIES) throw error;
    await new Promise((resolve) => setTimeout(resolve, LOOKED_EVERY_MS));
  }
}

async function registered(
  ask: SynapseServer['ask'],
  username: string,
  { admin = false } = {},
): Promise<string> {
  const at = '/_synapse/admin/v1/register';
  const { nonce } = (await ask(`GET ${at}`)) as { nonce: string };
  const password = randomUUID();
  const proved = [nonce, username, password, admin ? 'admin' : 'notadmin'].join('\0');
  const mac = createHmac('sha1', SECRET).update(proved).digest('hex');
  const answer = await ask(`POST ${at}`, {
    body: { nonce, username, password, mac, admin },
  });
  return answer.access_token as string;
}
