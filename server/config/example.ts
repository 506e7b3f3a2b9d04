import { KEYS, type Key, optionOf, SECTIONS, variableOf } from './keys.ts';

const HEAD = `# Every key of Farol's server, with its default. Made from server/config/schema.ts by
# \`npm run generate\`. Each is also an option (--server-name) and an environment variable
# (FAROL_SERVER_NAME).
`;

/** The example configuration: everything is commented out, so it changes nothing as it is. */
export const exampleConfig = (): string => [HEAD, ...blocks()].join('\n');

/** For \`--help\`. */
export function optionsHelp(): string {
  const lines = KEYS.map(
    (key) => `  --${optionOf(key.path).padEnd(30)} ${key.description}${preset(key)}`,
  );
  return [`  --${'config'.padEnd(30)} A YAML file with the same keys.`, ...lines].join('\n');
}

const preset = (key: Key) => (key.default === undefined ? '' : ` (${key.default})`);

function* blocks(): Generator<string> {
  const opened = new Set<string>();
  for (const key of KEYS) {
    const names = key.path.split('.');
    for (let depth = 1; depth < names.length; depth += 1) {
      const path = names.slice(0, depth).join('.');
      if (opened.has(path)) continue;
      opened.add(path);
      yield sectionBlock(path, depth - 1);
    }
    yield keyBlock(key, names.length - 1);
  }
}

function sectionBlock(path: string, depth: number): string {
  const indent = '  '.repeat(depth);
  const description = SECTIONS.find((each) => each.path === path)?.description;
  const line = `#${indent}${path.split('.').at(-1)}:\n`;
  return description ? `# ${indent}${description}\n${line}` : line;
}

function keyBlock(key: Key, depth: number): string {
  const indent = '  '.repeat(depth);
  const choices = key.choices ? ` One of: ${key.choices.join(', ')}.` : '';
  const value = key.default === undefined ? '' : ` ${key.default}`;
  return [
    `# ${indent}${key.description}${choices}`,
    `# ${indent}(${variableOf(key.path)})`,
    `#${indent}${key.path.split('.').at(-1)}:${value}\n`,
  ].join('\n');
}
