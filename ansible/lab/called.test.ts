import { expect, test } from 'vitest';
import { callerAt, drops, refusal, relayed, WAYS } from './calls.ts';
import { beginWithCluster } from './story.ts';

// Relays for calls of people who cannot reach each other. The host for backups is somebody outside of the cluster here.

const { lab, mustPlay } = beginWithCluster();

test('whoever calls is told of the relay at the site that leads, which relays to other relays alone', async () => {
  await lab.on('vault', 'sh', '-c', 'apt-get update && apt-get install -y coturn');
  const caller = await callerAt(lab);
  const { leader } = await lab.status();
  const relay = lab.ipOf(leader);
  const told = await caller.turnServer();
  expect(told.uris).toEqual([
    `turn:${relay}:3478?transport=udp`,
    `turn:${relay}:3478?transport=tcp`,
    `turns:${relay}:5349?transport=tcp`,
  ]);
  for (const way of WAYS) expect([way, await relayed(lab, relay, told, way)]).toEqual([way, true]);
  expect(await relayed(lab, relay, { ...told, password: 'guessed' }, 'udp')).toBe(false);
  expect(await refusal(lab, relay, told, lab.ipOf('vault'))).toContain('403');
  const another = lab.hosts.find(({ name }) => name !== leader)!.ip;
  expect(await drops(lab, leader, told, another)).toBe(true);

  expect(await lab.on('north', 'sh', '-c', asking('site'))).toContain('200');
  expect(await lab.on('north', 'sh', '-c', asking('turn'))).not.toContain('200');
  expect(await isTrustedAs('site')).toBe(true);
  expect(await isTrustedAs('turn')).toBe(false);

  await mustPlay('switchover.yml');
  const other = (await lab.status()).leader;
  expect(other).not.toBe(leader);
  const now = await caller.turnServer();
  const its = lab.ipOf(other);
  expect(now.uris[0]).toBe(`turn:${its}:3478?transport=udp`);
  // Calls that are under way go on where they began.
  expect(await relayed(lab, relay, told, 'udp')).toBe(true);
  expect(await relayed(lab, its, now, 'udp')).toBe(true);
});

/** Whether another site takes whoever shows it that certificate at this host's address for one of the cluster. */
async function isTrustedAs(name: string): Promise<boolean> {
  const pair = `-cert /etc/farol/tls/${name}.crt -key /etc/farol/tls/${name}.key`;
  const serve = `systemd-run --quiet --collect --unit=shown openssl s_server -www -quiet -accept 8999 ${pair}`;
  await lab.on('north', 'sh', '-c', serve);
  try {
    const ask = `curl -s -o /dev/null --retry 9 --retry-connrefused --cacert /etc/farol/tls/ca.crt https://${lab.ipOf('north')}:8999/; echo $?`;
    const ended = await lab.on('south', 'sh', '-c', ask);
    // 60: nobody whom it trusts has signed that.
    expect(['0', '60']).toContain(ended);
    return ended === '0';
  } finally {
    await lab.on('north', 'systemctl', 'stop', 'shown');
  }
}

/** What etcd answers who shows it that certificate of this host. */
const asking = (name: string) =>
  `cd /etc/farol/tls && curl -s -o /dev/null -w '%{http_code}' --cacert ca.crt --cert ${name}.crt --key ${name}.key https://127.0.0.1:2379/version || true`;
