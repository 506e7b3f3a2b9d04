import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exampleConfig } from './example.ts';

export const EXAMPLE_FILE = join(import.meta.dirname, 'farol.example.yaml');

/** `npm run generate` writes what is made from other files and committed beside them. */
if (import.meta.main) writeFileSync(EXAMPLE_FILE, exampleConfig());
