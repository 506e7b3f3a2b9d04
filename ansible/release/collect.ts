import { join } from 'node:path';
import { buildCollection, uncommitted } from './collection.ts';

// `npm run collection`: playbooks, roles and plugins as a collection of Ansible, in .cache/release.

const checkout = join(import.meta.dirname, '../..');

function collected(): string {
  const changed = uncommitted(checkout);
  if (changed.length === 0)
    return buildCollection({ checkout, into: join(checkout, '.cache/release') });
  const files = changed.join('\n');
  throw new Error(
    `These would go in as they lie there; commit or take back what you changed:\n${files}`,
  );
}

try {
  console.log(collected());
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
