import { withBreaths } from '../log/breaths.ts';
import { JSON_DEPTH_MAX } from '../protocol/canonical-json.ts';
import type { JsonValue } from '../protocol/json.ts';
import { jsonInParts, putTogether } from '../protocol/json-parts.ts';
import { surveyed } from '../protocol/json-survey.ts';
import { parseJson } from '../protocol/parse-json.ts';

/** How an answer is read that is not ours to shape. */
export interface AnswerForm {
  /** Whose answer holds events: their hashes are of their numbers as they stand. */
  readonly keepsNumbers?: boolean;
  /**
   * Lists of these names hold events, which are parsed each by itself, numbers as they stand, while others have their turns: whoever
   * answers with 128 MiB of brackets and floats keeps nobody waiting.
   */
  readonly lists?: ReadonlySet<string>;
}

/** Two hundred thousand events, each of forty values: what the state of the largest rooms has. */
const PARTS_BOUNDS = { entriesMax: 200_000, valuesOfOneMax: 65_536, valuesMax: 8_000_000 };
/** Of what is parsed in one go: the ids of a state are the most. */
const VALUES_MAX = 500_000;
/** What stands beside the lists: the names of a few thousand servers. */
const FRAME_BYTES_MAX = 1_048_576;

/** The JSON that it is; undefined where it is none, or more than anybody could walk over. */
export async function jsonIn(body: Buffer, form: AnswerForm): Promise<JsonValue | undefined> {
  try {
    return form.lists ? await inParts(body, form.lists) : inOne(body, form.keepsNumbers);
  } catch {
    return undefined;
  }
}

function inOne(body: Buffer, keepsNumbers = false): JsonValue {
  surveyed(body, { depthMax: JSON_DEPTH_MAX, valuesMax: VALUES_MAX });
  const text = body.toString('utf8');
  return keepsNumbers ? parseJson(text) : JSON.parse(text);
}

async function inParts(body: Buffer, names: ReadonlySet<string>): Promise<JsonValue | undefined> {
  const { frame, lists } = await withBreaths(jsonInParts(body, names, PARTS_BOUNDS));
  if (frame.length > FRAME_BYTES_MAX) return undefined;
  return putTogether(inOne(frame, true), lists);
}
