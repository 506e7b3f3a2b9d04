import { join } from 'node:path';
import { buildCollection } from './collection.ts';

// `npm run collection`: playbooks, roles and plugins as a collection of Ansible, in .cache/release.

const checkout = join(import.meta.dirname, '../..');
console.log(buildCollection({ checkout, into: join(checkout, '.cache/release') }));
