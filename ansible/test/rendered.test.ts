import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { NOTE } from '../../failover/adapters/blocking/note.ts';
import { readConfig as readFailoverConfig } from '../../failover/config/config.ts';
import { frontConfig } from '../../failover/front/config.ts';
import { socketOf } from '../../failover/sockets.ts';
import { readConfig as readServerConfig } from '../../server/config/read-config.ts';
import { renderTemplate } from '../../test/cluster/support/template.ts';
import { ANSIBLE, ANSIBLE_IS_HERE, ansible } from './ansible.ts';
import { render } from './render.ts';

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
      const cellar = { ups: 'cellar', host: '192.0.2.60', port: 3493 };
      expect(power).toEqual({ ...cellar, needs: 'all', others: [] });
    }
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'of several UPSes the agent is told each, and NUT shuts down for those that it may ask: for the first that ends, or, where one is enough, for the last',
  async () => {
    const cellar = { ups: 'cellar', host: '192.0.2.60', user: 'monuser', password: 'secret' };
    const attic = { ups: 'attic', host: '192.0.2.61', user: 'other', password: 'word' };
    const others = [attic, { ups: 'shed', host: '192.0.2.62' }];
    for (const [needs, supplies] of [
      ['all', 2],
      ['one', 1],
    ] as const) {
      const farol_ups = { ...cellar, needs, others };
      await using rendered = await render('three-sites', { farol_ups });
      for (const { files, at } of rendered.hosts) {
        const { power } = readFailoverConfig(at('failover.yml'), frontConfig);
        expect(power?.others.map(({ ups }) => ups)).toEqual(['attic', 'shed']);
        expect(files['failover.yml']).not.toMatch(/secret|word/);
        const lines = files['upsmon.conf']!.split('\n').filter((line) => /^M/.test(line));
        expect(lines).toEqual([
          'MONITOR cellar@192.0.2.60:3493 1 monuser secret secondary',
          'MONITOR attic@192.0.2.61:3493 1 other word secondary',
          `MINSUPPLIES ${supplies}`,
        ]);
      }
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
  'the third fence is off unless told, and then each site has the program that turns another one away, its folder and its unit',
  async () => {
    for (const on of [false, true]) {
      const inventory = 'two-sites-and-witness';
      await using rendered = await render(inventory, on ? { farol_third_fence: on } : {});
      for (const { files, at } of rendered.hosts) {
        const { peers, witness, runtimeDir } = readFailoverConfig(at('failover.yml'), frontConfig);
        expect(peers?.thirdFence).toBe(on);
        const units = JSON.parse(files.units!) as string[];
        const isThere = on && !witness;
        expect(units.includes('farol-block')).toBe(isThere);
        const folder = dirname(socketOf(runtimeDir, 'block'));
        // The folder is its unit's, which may outlive the switch: without it that one does not start.
        expect(files['tmpfiles.conf']).not.toContain(folder);
        if (!isThere) continue;
        const unit = files['farol-block.service']!;
        expect(unit).toContain(`[ ! -e ${NOTE} ] || exec /usr/sbin/nft -f ${NOTE}`);
        expect(unit).toContain(`StateDirectory=${basename(dirname(NOTE))}\n`);
        expect(unit).toContain(`\nRuntimeDirectory=${relative('/run', folder)}\n`);
        expect(unit).not.toContain('ReadWritePaths=');
        // Root's, which would give the folder of the others' logs to root at each start.
        expect(unit.split('\n').findLast((line) => line.startsWith('LogsDirectory='))).toBe(
          'LogsDirectory=',
        );
      }
    }
  },
  300_000,
);

test('PostgreSQL does not start where what is noted as turned away is not', () => {
  const unit = readFileSync(join(ANSIBLE, 'roles/database/templates/patroni.conf'), 'utf8');
  expect(unit).toContain(
    `\nExecStartPre=+/bin/sh -c '[ ! -e ${NOTE} ] || exec /usr/sbin/nft -f ${NOTE}'\n`,
  );
});

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
  'what Ansible Vault has locked comes to the server as it was before, not as it is locked',
  async () => {
    await using here = await filesOnController({ password: 'opens what is locked\n' });
    const opened = ['--vault-password-file', here.path('password')];
    const order = ['encrypt_string', ...opened, '--name', 'registrationSharedSecret', 'k3y'];
    const { printed } = await ansible('ansible-vault', ...order);
    const locked = /registrationSharedSecret: !vault \|(\n +[$\w.;]+)+/.exec(printed)![0];
    const options = here.path('options.yml');
    writeFileSync(options, `farol_server_options:\n${locked.replaceAll(/^/gm, '  ')}\n`);
    await using rendered = await render('three-sites', {}, [
      ...opened,
      '--extra-vars',
      `@${options}`,
    ]);
    for (const { at } of rendered.hosts) {
      const read = readServerConfig({ options: ['--config', at('server.yml')], environment: {} });
      expect(read.registrationSharedSecret).toBe('k3y');
    }
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'what the inventory says of mail, a directory, providers, a scanner and a store of files comes to the server, and each secret to a file of its own',
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
      farol_s3: {
        ...{ endpoint: 'https://s3.example.org', bucket: 'farol', holdsFiles: false },
        ...{ accessKeyId: 'FAROL', secretKey: 'k3y', ca: here.path('ca.pem') },
      },
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
      expect(read.s3).toMatchObject({ secretKey: 'k3y', ca: 'AUTHORITY\n', holdsFiles: false });
      for (const secret of ['m4il', 'd1r', 's3cret', 'k3y'])
        expect(files['server.yml']).not.toContain(secret);
      const [told, letters] = JSON.parse(files.left!) as { only: string[] }[];
      const named = Object.keys(given).map((path) => path.replace('/etc/farol/server/told/', ''));
      const deep = ['letters', ...named.filter((name) => !name.includes('/'))];
      expect(told!.only.toSorted()).toEqual(deep.toSorted());
      expect(letters!.only).toEqual(['reset.txt']);
    }
    await using without = await render('three-sites');
    for (const { files } of without.hosts)
      expect(JSON.parse(files.left!)).toEqual([{ path: '/etc/farol/server/told', absent: true }]);
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
