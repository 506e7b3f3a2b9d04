import { stepsShown } from '../cli/steps.ts';
import type { Told } from './actions.ts';
import type { Surroundings } from './surroundings.ts';
import { type Asked, ending, NOT_LOGGED_IN } from './users.ts';

type Around = Pick<Surroundings, 'api' | 'login' | 'print'>;

/** Of what the server answers (`adminExamineServer`). */
interface Finding {
  readonly step: string;
  readonly result: 'well' | 'none' | 'failed';
  readonly said: string;
  readonly must?: { readonly who: 'this_server' | 'other_server'; readonly what: string };
}

interface Examined {
  readonly server_name: string;
  readonly findings: readonly Finding[];
  readonly failed: Finding | null;
}

const NOT_REACHED = 3;

/** `farol doctor federation NAME`: 0 where that server is reached and takes our word, 3 where not; else it ends as `farol users` does. */
export async function doctorFederation(
  asked: Pick<Asked, 'words' | 'json'>,
  surroundings: Around,
): Promise<number> {
  let isReached = true;
  const code = await ending(asked, surroundings, async () => {
    const answer = await examined(asked.words, surroundings);
    isReached = answer.failed === null;
    return { answer: answer as unknown as Told['answer'], said: shown(answer) };
  });
  return code === 0 && !isReached ? NOT_REACHED : code;
}

async function examined(words: readonly string[], { api, login }: Around): Promise<Examined> {
  const [name] = words;
  if (name === undefined || words.length > 1)
    throw new Error('Say which server: farol doctor federation example.org');
  const token = login.token();
  if (token === undefined) throw new Error(NOT_LOGGED_IN);
  const path = `/_farol/admin/v1/federation/${encodeURIComponent(name)}`;
  return (await api.ask(`GET ${path}`, undefined, token)) as unknown as Examined;
}

/** Last who must do what. */
function shown({ server_name, findings, failed }: Examined): string {
  return stepsShown(
    findings.map(({ step, result, said }) => ({ step, sign: SIGNS[result], said })),
    last(server_name, failed),
  );
}

const SIGNS = { well: 'well ', none: '  -  ', failed: 'AMISS' } as const;

const WHO = {
  this_server: 'Here, the operator of this server must',
  other_server: 'There, the operator of that server must',
} as const;

function last(server: string, failed: Finding | null): string {
  if (failed === null) return `${server} is reached, and takes what this server signs.`;
  const { step, must } = failed;
  return must ? `It ends at ${step}. ${WHO[must.who]} ${must.what}.` : `It ends at ${step}.`;
}
