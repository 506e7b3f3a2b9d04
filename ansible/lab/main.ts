import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ALL, raiseLab } from './machines.ts';

// `npm run lab`: three bare hosts in containers, provisioned by the playbooks, left to be played with.

const ansible = join(import.meta.dirname, '..');
const folder = join(ansible, '../.cache/lab');
console.log('Raising three bare Debian hosts, and one for backups …');
// `npm run lab -- --witness`: two sites and a witness in their place.
const withWitness = process.argv.includes('--witness');
const options = process.argv.slice(2).filter((option) => option !== '--witness');
const lab = raiseLab({
  name: 'farol-lab',
  subnet: process.env.FAROL_LAB_SUBNET ?? '10.231.7',
  ...(withWitness
    ? { sites: ['north', 'south'], witnesses: ['shed'] }
    : { sites: ['north', 'south', 'harbour'] }),
  backups: ['vault'],
  besides: ALL,
  folder,
});
const { status } = spawnSync(
  'ansible-playbook',
  ['--inventory', lab.inventory, join(ansible, 'site.yml'), ...options],
  { stdio: 'inherit', cwd: ansible },
);
console.log(
  status === 0
    ? `The cluster answers at https://${lab.address} (also docker exec ${lab.name}-north farol status).
Again, or another playbook: ansible-playbook -i ${lab.inventory} site.yml
Away with it: docker rm -fv ${lab.hosts.map(({ name }) => `${lab.name}-${name}`).join(' ')}; docker network rm ${lab.name}`
    : 'The hosts are left as they are, to be looked at.',
);
process.exitCode = status ?? 1;
