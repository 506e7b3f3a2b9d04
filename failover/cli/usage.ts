import { COMMANDS, OPTIONS } from './commands.ts';

const WIDTH_MAX = 70;

export function usage(): string {
  const called = COMMANDS.map(({ name, synopsis }) => `${name} ${synopsis}`.trim());
  const width = Math.max(...called.map(({ length }) => length).filter(isShort)) + 4;
  const lines = COMMANDS.flatMap(({ said }, index) => {
    const head = called[index]!;
    const text = broken(said, WIDTH_MAX).map((line) => ' '.repeat(width) + line);
    if (!isShort(head.length)) return [`  ${head}`, ...text];
    return [`  ${head}`.padEnd(width) + text[0]!.trimStart(), ...text.slice(1)];
  });
  return ['Usage: farol COMMAND [--config FILE]', ...lines].join('\n');
}

/** A longer one has a line for itself. */
const isShort = (length: number): boolean => length < 40;

function broken(text: string, widthMax: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + word.length >= widthMax) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** For bash: commands first, then the options of the one that was begun. */
export function completion(): string {
  const cases = COMMANDS.map(
    ({ name, options, actions = [] }) =>
      `    ${name}) words="${wordsOf([...options, 'config'])}"${first(actions)} ;;`,
  );
  return `_farol() {
  local words= word=\${COMP_WORDS[COMP_CWORD]}
  case \${COMP_WORDS[COMP_CWORD - 1]} in
    --config) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    ${valued().join(' | ')}) return ;;
    farol) words="${COMMANDS.map(({ name }) => name).join(' ')}" ;;
    *) case \${COMP_WORDS[1]} in
${cases.join('\n')}
    esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _farol farol`;
}

const wordsOf = (options: readonly string[]) => options.map((each) => `--${each}`).join(' ');

/** Only as the word behind the command. */
const first = (actions: readonly string[]) =>
  actions.length === 0 ? '' : `; [ $COMP_CWORD -gt 2 ] || words="${actions.join(' ')} $words"`;

/** What follows them is nothing that a shell knows. */
const valued = (): string[] =>
  Object.entries(OPTIONS)
    .filter(([name, { type }]) => type === 'string' && name !== 'config')
    .map(([name]) => `--${name}`);

/** In the language of man(7). */
export function manPage(): string {
  const commands = COMMANDS.flatMap(({ name, synopsis, said }) => [
    '.TP',
    `.B ${escaped(`${name} ${synopsis}`.trim())}`,
    escaped(`${said[0]!.toUpperCase()}${said.slice(1)}.`),
  ]);
  return [
    '.TH FAROL 1',
    '.SH NAME',
    'farol \\- looks at a cluster of Farol and gives orders to it',
    '.SH SYNOPSIS',
    '.B farol',
    '.I COMMAND',
    '[\\-\\-config FILE]',
    '.SH COMMANDS',
    ...commands,
    '.SH FILES',
    '.TP',
    '.I /etc/farol/failover.yml',
    'The configuration of this site, unless \\-\\-config or FAROL_CONFIG names another.',
  ].join('\n');
}

/** A line that begins with a dot or a quote would be an order. */
const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
