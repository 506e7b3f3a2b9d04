import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  type Container,
  docker,
  OWNER_LABEL,
  removed,
  runIn,
  siteImage,
} from './support/engine.ts';
import { type ClusterPlan, templateValues } from './support/site-files.ts';
import { renderTemplate } from './support/template.ts';

const templates = join(import.meta.dirname, '../../patroni-config');

test('Patroni accepts the configuration for two sites and a witness', async () => {
  expect(await complaints(render(2))).toEqual([]);
});

// Patroni 4.0.7 knows the value and uses it; only its validator does not know it yet.
test('for three sites Patroni complains of nothing but the value "quorum"', async () => {
  expect(await complaints(render(3))).toEqual([
    'bootstrap.dcs.synchronous_mode quorum is not a boolean',
  ]);
});

test('with failsafe it has a tag that says so, and one command line with it', async () => {
  const configuration = render(2, true);
  expect(await complaints(configuration)).toEqual([]);
  expect(parse(configuration)).toMatchObject({
    tags: { farol_heeds_leave: true },
    postgresql: { pre_promote: expect.stringMatching(/last\.json --failsafe \/run\/farol$/) },
  });
  expect(render(2)).not.toContain('leave');
});

test('Patroni refuses a value below its floor, so the check can fail', async () => {
  const wrong = render(2).replace('ttl: 20', 'ttl: 19');
  expect(await complaints(wrong)).not.toEqual([]);
});

let container: Container;
const folder = mkdtempSync(join(tmpdir(), 'farol-validate-'));

beforeAll(async () => {
  container = await (await docker()).createContainer({
    Image: await siteImage(),
    // The validator knocks at etcd's door; it does not go in.
    Entrypoint: ['python3', '-m', 'http.server', '2379', '--bind', '127.0.0.11'],
    Labels: { [OWNER_LABEL]: String(process.pid) },
    HostConfig: {
      NetworkMode: 'none',
      Binds: [`${folder}:/config:ro`, `${folder}:/etc/patroni:ro`],
    },
  });
  await container.start();
});

afterAll(async () => {
  if (container) await removed(() => container.remove({ force: true }));
  await rm(folder, { recursive: true, force: true });
});

/** What `patroni --validate-config` says, line by line. */
async function complaints(configuration: string): Promise<string[]> {
  writeFileSync(join(folder, 'patroni.yml'), configuration);
  cpSync(join(templates, 'copy-guard'), join(folder, 'copy-guard'));
  const command = ['patroni', '--validate-config', '/config/patroni.yml'];
  const { code, stdout, stderr } = await runIn(container, command);
  const said = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  if (code !== 0 && said.length === 0)
    throw new Error(`Patroni ended with ${code} and said nothing`);
  return said;
}

function render(dataSites: 2 | 3, failsafe = false): string {
  const machine = (name: string, host: number, witness = false) => ({
    name,
    ip: `127.0.0.${host}`,
    witness,
  });
  const plan: ClusterPlan = {
    name: 'farol',
    serverName: 'farol.test',
    address: '127.0.0.100',
    address6: null,
    machines: [machine('a', 11), machine('b', 12), machine('c', 13, dataSites === 2)],
    secret: '',
    etcdQuotaBytes: '2147483648',
    failsafe,
    thirdFence: false,
    federatesWith: null,
  };
  const values = templateValues(plan, plan.machines[0]!);
  return renderTemplate(readFileSync(join(templates, 'patroni.yml'), 'utf8'), values);
}
