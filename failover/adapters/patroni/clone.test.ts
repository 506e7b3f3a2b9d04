import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import pg from 'pg';
import { beforeAll, expect, inject, onTestFinished, test, vi } from 'vitest';
import { cloneWith } from './clone.ts';

const url = inject('postgresUrl');

beforeAll(async () => {
  await sql(
    `DO $$ BEGIN CREATE ROLE replicator LOGIN; EXCEPTION WHEN duplicate_object THEN END $$`,
  );
});

test('a copy is cloned anew where the primary lets this site copy', async () => {
  await sql('ALTER ROLE replicator REPLICATION');
  const { cloneAnew, reinitialize } = cloning(await overTcp());
  await cloneAnew('a');
  expect(reinitialize).toHaveBeenCalledOnce();
});

test('a copy stays where the primary would refuse another', async () => {
  await sql('ALTER ROLE replicator NOREPLICATION');
  const { cloneAnew, reinitialize } = cloning(await overTcp());
  await expect(cloneAnew('a')).rejects.toThrow(/permission denied|must be/);
  expect(reinitialize).not.toHaveBeenCalled();
});

test('a copy stays behind a cut link, and where Patroni of the primary is not in etcd', async () => {
  const nobodyListens = cloning('postgres://127.0.0.1:1/postgres');
  await expect(nobodyListens.cloneAnew('a')).rejects.toThrow(/ECONNREFUSED|timeout/);
  expect(nobodyListens.reinitialize).not.toHaveBeenCalled();
  const unknown = cloning(undefined);
  await expect(unknown.cloneAnew('a')).rejects.toThrow('Patroni of a is not in etcd');
  expect(unknown.reinitialize).not.toHaveBeenCalled();
});

function cloning(postgres: string | undefined) {
  const reinitialize = vi.fn(async () => {});
  const patroniMember = async () => ({ url: 'http://a', postgres, lease: '1' });
  return { cloneAnew: cloneWith({ patroniMember }, { reinitialize }), reinitialize };
}

/** The tests' PostgreSQL listens on a socket alone; sites reach each other's over TCP. */
async function overTcp(): Promise<string> {
  const { host, port } = new pg.Client({ connectionString: url });
  const server = createServer((socket) => {
    const through = connect(`${host}/.s.PGSQL.${port}`);
    socket.pipe(through).pipe(socket);
    for (const end of [socket, through]) end.on('error', () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return `postgres://127.0.0.1:${(server.address() as AddressInfo).port}/postgres`;
}

async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
}
