import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig as readServerConfig } from '../../server/config/read-config.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE, ANSIBLE_IS_HERE } from './ansible.ts';
import { render } from './render.ts';

// What relays of calls are given, and what the hosts let them reach.

test.skipIf(!ANSIBLE_IS_HERE)(
  'each site announces its own relay and service for calls, and those of no other, which may be dead',
  async () => {
    await using rendered = await render('three-sites', {
      farol_turn: true,
      farol_turn_name: 'turn-{{ inventory_hostname }}.example.org',
      ...{ farol_turn_certificate: '/chat/turn.crt', farol_turn_key: '/chat/turn.key' },
      farol_turn_address: '198.51.100.{{ 11 + groups.sites.index(inventory_hostname) }}',
      farol_livekit_url: 'https://calls-{{ inventory_hostname }}.example.org/jwt',
    });
    const secrets = rendered.hosts.map(({ files, at }) => {
      const options = ['--config', at('server.yml')];
      const { turn, livekitServiceUrls } = readServerConfig({ options, environment: {} });
      const site = /site: (\w+)/.exec(files['server.yml']!)![1]!;
      expect(turn!.uris).toEqual([
        `turn:turn-${site}.example.org:3478?transport=udp`,
        `turn:turn-${site}.example.org:3478?transport=tcp`,
        `turns:turn-${site}.example.org:5349?transport=tcp`,
      ]);
      expect(livekitServiceUrls).toEqual([`https://calls-${site}.example.org/jwt`]);
      const [, inside] = /^listening-ip=(.*)$/m.exec(files['turn.conf']!)!;
      expect(files['turn.conf']).toMatch(
        new RegExp(`^external-ip=198\\.51\\.100\\.1[123]/${inside}$`, 'm'),
      );
      // The router's address leads to what listens there, too.
      for (const last of [11, 12, 13])
        expect(files['firewall.nft']).toContain(`ip daddr 198.51.100.${last} counter drop`);
      return [turn!.secret, /^static-auth-secret=(.*)$/m.exec(files['turn.conf']!)![1]];
    });
    expect(new Set(secrets.flat()).size).toBe(1);
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'a relay is handed a key of its own, which is worth nothing elsewhere, and never that of the name',
  async () => {
    await using rendered = await render(withoutPublicCertificate(), { farol_turn: true });
    for (const { files } of rendered.hosts) {
      expect(files['farol-turn.service']).toContain('/etc/farol/tls/turn.key ');
      expect(files['farol-turn.service']).not.toContain('front');
      const wanted = JSON.parse(files.certificates!) as Wanted[];
      const uses = wanted.map(({ name, usages }) => [name, usages]);
      expect(Object.fromEntries(uses)).toEqual({
        site: ['clientAuth', 'serverAuth'],
        front: ['serverAuth'],
        turn: ['serverAuth'],
      });
      const [turn] = wanted.filter(({ name }) => name === 'turn');
      const [, own] = /^listening-ip=(.*)$/m.exec(files['turn.conf']!)!;
      expect(turn!.subjects).toEqual([`IP:${own}`]);
    }
    await using trusted = await render('three-sites', { farol_turn: true });
    for (const { files } of trusted.hosts) {
      expect(files['farol-turn.service']).not.toMatch(/front|\.key/);
      expect(files['turn.conf']).toMatch(/^no-tls$/m);
      expect(files['server.yml']).not.toContain('turns:');
      const wanted = JSON.parse(files.certificates!) as Wanted[];
      expect(wanted.map(({ name }) => name)).toEqual(['site']);
    }
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'a relay does not run without the rules of what it may reach, unless somebody else filters',
  async () => {
    for (const farol_firewall of [true, false]) {
      await using rendered = await render('three-sites', { farol_turn: true, farol_firewall });
      for (const { files } of rendered.hosts) {
        const unit = files['farol-turn.service']!;
        expect(/^Requires=farol-firewall\.service$/m.test(unit)).toBe(farol_firewall);
        expect(/^After=.* farol-firewall\.service$/m.test(unit)).toBe(farol_firewall);
      }
    }
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'a relay reaches no private network, and of the cluster other relays alone',
  async () => {
    await using rendered = await render('two-sites-and-witness', { farol_turn: true });
    const relays = rendered.hosts.filter(({ files }) => files['turn.conf'] !== '');
    expect(relays).toHaveLength(2);
    for (const { files } of relays) {
      const told = (key: string) =>
        [...files['turn.conf']!.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, is]) => is);
      expect([told('max-bps'), told('bps-capacity')]).toEqual([['250000'], ['2500000']]);
      expect(told('allowed-peer-ip')).toEqual(['192.0.2.11', '192.0.2.12']);
      for (const range of ['10.0.0.0-10.255.255.255', '127.0.0.0-127.255.255.255'])
        expect(told('denied-peer-ip')).toContain(range);
      const rules = files['firewall.nft']!.replace(/\s+/g, ' ');
      expect(rules).toContain('meta skuid farol-turn jump relay');
      for (const ip of ['192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.10'])
        expect(rules).toContain(`ip daddr ${ip} counter drop`);
      // The rules name a user, and could not be loaded without it.
      expect(files['sysusers.conf']).toMatch(/^u farol-turn /m);
      expect(files['sysusers.conf']).not.toMatch(/^m farol-turn /m);
    }
    const [witness] = rendered.hosts.filter(({ files }) => files['turn.conf'] === '');
    expect(witness!.files['firewall.nft']).not.toContain('farol-turn');
    expect(witness!.files['sysusers.conf']).not.toContain('farol-turn');
  },
  300_000,
);

interface Wanted {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly usages: readonly string[];
}

/** An inventory of three sites whose name the cluster's own authority signs for. */
function withoutPublicCertificate(): string {
  const folder = join(temporaryFolder(), 'inventory');
  cpSync(join(ANSIBLE, 'inventories/three-sites'), folder, { recursive: true });
  const told = join(folder, 'group_vars/all/farol.yml');
  writeFileSync(told, readFileSync(told, 'utf8').replace(/^farol_public_.*\n/gm, ''));
  return folder;
}
