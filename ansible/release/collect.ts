import { join } from 'node:path';
import { buildCollection, uncommitted } from './collection.ts';

// `npm run collection`: playbooks, roles and plugins as a collection of Ansible, in .cache/release.

const checkout = join(import.meta.dirname, '../..');
const changed = uncommitted(checkout);
if (changed.length === 0)
  console.log(buildCollection({ checkout, into: join(checkout, '.cache/release') }));
else {
  const files = changed.join('\n');
  console.error(
    `These would go in as they lie there; commit or take back what you changed:\n${files}`,
  );
  process.exitCode = 1;
}
