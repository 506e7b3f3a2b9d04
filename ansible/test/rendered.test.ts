import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig as readFailoverConfig } from '../../failover/config/config.ts';
import { frontConfig } from '../../failover/front/config.ts';
import { readConfig as readServerConfig } from '../../server/config/read-config.ts';
import { renderTemplate, type TemplateValues } from '../../test/cluster/support/template.ts';
import { ANSIBLE, ANSIBLE_IS_HERE, ansible } from './ansible.ts';

const inventories = readdirSync(join(ANSIBLE, 'inventories'));

test.skipIf(!ANSIBLE_IS_HERE).each(inventories)(
  'what Ansible writes for the inventory %s, the programs accept; etcd and Patroni get what the cluster tests give them',
  async (name) => {
    await using rendered = await render(name);
    expect(rendered.hosts).toHaveLength(3);
    for (const { files, told, at } of rendered.hosts) {
      const failover = readFailoverConfig(at('failover.yml'), frontConfig);
      if (!failover.witness) {
        expect(failover.addresses).toHaveLength(1);
        const [door] = failover.addresses;
        // A name has each site's own address, and those may talk to each other anyway.
        if (door!.driver !== 'dns')
          expect(files['firewall.nft']).toContain(`saddr ${door!.address.split('/')[0]} accept`);
        readServerConfig({ options: ['--config', at('server.yml')], environment: {} });
      }
      for (const [file, values] of Object.entries(told))
        expect(files[file]).toBe(renderTemplate(templateOf(file), values));
      expect(files['firewall.nft']).not.toContain('flush ruleset');
    }
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'whoever monitors may ask what a site measures, and nothing else of what is between the sites',
  async () => {
    await using rendered = await render('three-sites', { farol_monitors: ['192.0.2.50'] });
    for (const { files, at } of rendered.hosts) {
      const { metrics } = readFailoverConfig(at('failover.yml'), frontConfig);
      expect(metrics?.listen).toMatch(/^192\.0\.2\.1[123]:9788$/);
      const rules = files['firewall.nft']!.replace(/\s+/g, ' ');
      expect(rules).toContain('tcp dport { 9100, 9788 } jump monitored');
      expect(rules).toContain('chain monitored { ip saddr 192.0.2.50 accept jump inner }');
      expect(rules.match(/192\.0\.2\.50/g)).toHaveLength(1);
    }
    await using unmonitored = await render('three-sites');
    for (const { files } of unmonitored.hosts) {
      expect(files['failover.yml']).not.toContain('metrics');
      expect(files['firewall.nft']).not.toContain('monitored');
    }
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'the agent is told where its UPS is, and nothing by which it could be switched off',
  async () => {
    const farol_ups = { ups: 'cellar', host: '192.0.2.60', user: 'monuser', password: 'secret' };
    await using rendered = await render('three-sites', { farol_ups });
    for (const { at } of rendered.hosts) {
      const { power } = readFailoverConfig(at('failover.yml'), frontConfig);
      expect(power).toEqual({ ups: 'cellar', host: '192.0.2.60', port: 3493 });
    }
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'that the leader goes on without etcd is off unless told, and then agent, Patroni and the folder between them know it',
  async () => {
    for (const on of [false, true]) {
      await using rendered = await render(
        'two-sites-and-witness',
        on ? { farol_failsafe: on } : {},
      );
      for (const { files, at } of rendered.hosts) {
        const { peers, witness } = readFailoverConfig(at('failover.yml'), frontConfig);
        expect(peers?.failsafe).toBe(on);
        if (witness) continue;
        const heeds = [/farol_heeds_leave: true/, / --failsafe \/run\/farol$/m];
        for (const told of heeds) expect(told.test(files['patroni.yml']!)).toBe(on);
        const failsafe = '/run/farol/failsafe';
        expect(files['tmpfiles.conf']!.includes(failsafe)).toBe(on);
        expect(
          /^ReadWritePaths=.*$/m.exec(files['farol-agent.service']!)![0].includes(failsafe),
        ).toBe(on);
      }
    }
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'the server is given any option of its own, beside what follows from the inventory',
  async () => {
    const farol_server_options = {
      media: { uploadBytesMax: 1_000 },
      turn: { uris: 'turn:turn.example.org:3478', secret: 'of both' },
    };
    await using rendered = await render('three-sites', { farol_server_options });
    for (const { at } of rendered.hosts) {
      const options = ['--config', at('server.yml')];
      const config = readServerConfig({ options, environment: {} });
      expect(config.serverName).toBe('chat.example.org');
      expect(config.turn?.secret).toBe('of both');
      expect(config.media.uploadBytesMax).toBe(1_000);
      expect(config.media.cacheFolder).toContain('/var/cache/farol');
    }
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'each site announces its own relay and service for calls, and those of no other, which may be dead',
  async () => {
    await using rendered = await render('three-sites', {
      farol_turn: true,
      farol_turn_name: 'turn-{{ inventory_hostname }}.example.org',
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
      return [turn!.secret, /^static-auth-secret=(.*)$/m.exec(files['turn.conf']!)![1]];
    });
    expect(new Set(secrets.flat()).size).toBe(1);
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

test.skipIf(!ANSIBLE_IS_HERE)(
  'what the inventory says of mail, a directory, providers and a scanner comes to the server, and each secret to a file of its own',
  async () => {
    await using here = await filesOnController({ 'ca.pem': 'AUTHORITY\n', 'reset.txt': LETTER });
    await using rendered = await render('three-sites', {
      farol_email: {
        ...{ host: 'mail.example.org', from: 'chat@example.org', user: 'chat', password: 'm4il' },
        ...{ ca: here.path('ca.pem'), templates: here.path('.') },
        nextLinkHosts: ['app.example.org', 'other.example.org'],
      },
      farol_ldap: {
        ...{ urls: ['ldaps://a.example.org', 'ldaps://b.example.org'], base: 'dc=example' },
        ...{ bindDn: 'cn=farol', bindPassword: 'd1r' },
      },
      farol_sign_in: {
        providers: [
          { ...PROVIDER, id: 'company', clientSecret: 's3cret' },
          { ...PROVIDER, id: 'public', issuer: 'https://other.example.org' },
        ],
        clients: ['https://app.example.org/'],
      },
      farol_scanning: { clamd: '192.0.2.70:3310', whenUnscanned: 'serve' },
    });
    for (const { files, at } of rendered.hosts) {
      const given = JSON.parse(files.given!) as Record<string, string>;
      const read = readServerConfig({
        options: ['--config', at('server.yml', movedTo(here.path('given'), given))],
        environment: {},
      });
      expect(read.email?.smtp).toMatchObject({ ca: 'AUTHORITY\n', password: 'm4il' });
      expect(read.email?.letters).toEqual({ reset: { subject: 'Anew', text: 'Here.\n' } });
      expect(read.email?.nextLinkHosts).toEqual(['app.example.org', 'other.example.org']);
      expect(read.ldap?.urls).toEqual(['ldaps://a.example.org', 'ldaps://b.example.org']);
      expect(read.ldap?.bind).toEqual({ dn: 'cn=farol', password: 'd1r' });
      const secrets = read.signIn.providers.map(({ id, clientSecret }) => [id, clientSecret]);
      expect(Object.fromEntries(secrets)).toEqual({ company: 's3cret', public: undefined });
      expect(read.scanning?.whenUnscanned).toBe('serve');
      for (const secret of ['m4il', 'd1r', 's3cret'])
        expect(files['server.yml']).not.toContain(secret);
    }
  },
  300_000,
);

const LETTER = 'Anew\n\nHere.\n';
const PROVIDER = { name: 'The Company', issuer: 'https://id.example.org', clientId: 'farol' };

async function filesOnController(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'farol-given-'));
  const path = (name: string) => join(folder, name);
  for (const [name, content] of Object.entries(files)) writeFileSync(path(name), content);
  return { path, [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }) };
}

/** Writes what a site is given below another folder; what names it is told so. */
function movedTo(folder: string, given: Readonly<Record<string, string>>) {
  for (const [path, content] of Object.entries(given)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return (text: string) => text.replaceAll('/etc/farol/server', join(folder, '/etc/farol/server'));
}

const templateOf = (file: string) => readFileSync(join(ANSIBLE, '../patroni-config', file), 'utf8');

interface Rendered {
  readonly files: Readonly<Record<string, string>>;
  readonly told: Readonly<Record<string, TemplateValues>>;
}

async function render(inventory: string, told: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'farol-rendered-'));
  const known = {
    render_into: folder,
    plan_templates: join(ANSIBLE, '../patroni-config'),
    farol_interface: 'eth0',
    farol_shared_buffers: '1GB',
    ...told,
  };
  const { status, said } = await ansible(
    'ansible-playbook',
    ...['--inventory', join('inventories', inventory)],
    ...['--extra-vars', '@group_vars/all.yml', '--extra-vars', JSON.stringify(known)],
    join('test', 'render.yml'),
  );
  expect(said).not.toContain('fatal:');
  expect(status).toBe(0);
  const hosts = readdirSync(folder).map((file) => {
    const told = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Rendered;
    const at = (name: string, changed = (text: string) => text) => {
      const path = join(folder, `${file}-${name}`);
      writeFileSync(path, changed(told.files[name]!));
      return path;
    };
    return { ...told, at };
  });
  return {
    hosts,
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  };
}
