import { expect, test } from 'vitest';
import { beginWithCluster } from './story.ts';

// What changes while people chat: settings, what the server is told, relays. Each test goes on where the one before ended.

const { lab, names, play, mustPlay, unfelt } = beginWithCluster();

test('changed settings are taken up site by site, and no request fails', async () => {
  const changed = { farol_shared_buffers: '160MB', farol_wal_keep: '192MB' };
  await unfelt('shared_buffers changed', async () => {
    const ended = await mustPlay('site.yml', '--extra-vars', JSON.stringify(changed));
    expect(ended.said).toContain('postgresql.parameters.wal_keep_size: 128MB -> 192MB');
  });
  for (const name of names) {
    expect(await lab.sql(name, 'SHOW shared_buffers')).toEqual(['160MB']);
    expect(await lab.sql(name, 'SHOW wal_keep_size')).toEqual(['192MB']);
  }
});

test('what the server refuses leaves every site as it was', async () => {
  const all = 'find /etc/farol -type f -exec sha256sum {} + | sort';
  const seen = () => Promise.all(names.map((name) => lab.on(name, 'sh', '-c', all)));
  const before = await seen();
  const providers = [{ id: 'company', name: 'The Company', issuer: 'no URL', clientId: 'farol' }];
  const options = ['--extra-vars', JSON.stringify({ farol_sign_in: { providers } })];
  const refused = await play('site.yml', ...options);
  expect(refused.said).toContain('does not take what the inventory says of it');
  expect(refused.status).not.toBe(0);
  expect(await seen()).toEqual(before);
});

test('relays that the inventory has no more end, and leave nothing but the rule that Debian starts none', async () => {
  const relay = (what: string) =>
    Promise.all(names.map((name) => lab.on(name, 'sh', '-c', `${what} || true`)));
  // One that somebody has stopped would be back with the machine.
  await lab.on(names[0]!, 'systemctl', 'stop', 'farol-turn');
  await unfelt('relays taken out', () =>
    mustPlay('site.yml', '--extra-vars', '{"farol_turn": false}'),
  );
  const nothing = names.map(() => '');
  expect(await relay('pgrep turnserver')).toEqual(nothing);
  expect(await relay('ls -d /etc/farol/turn /etc/farol/tls/turn.* 2> /dev/null')).toEqual(nothing);
  expect(await relay('systemctl is-enabled farol-turn 2> /dev/null')).toEqual(
    names.map(() => 'not-found'),
  );
  expect(await relay('systemctl is-enabled coturn')).toEqual(names.map(() => 'masked'));
  expect(await relay('nft list table inet farol | grep turn')).toEqual(nothing);
});
