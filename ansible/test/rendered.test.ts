import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    const at = (name: string) => {
      const path = join(folder, `${file}-${name}`);
      writeFileSync(path, told.files[name]!);
      return path;
    };
    return { ...told, at };
  });
  return {
    hosts,
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  };
}
