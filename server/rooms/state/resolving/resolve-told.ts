import { runAsking } from '../../../protocol/state-resolution/answering.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import { resolveConflict } from '../../../protocol/state-resolution/resolve.ts';
import type { ResolvedRoom } from '../../../protocol/state-resolution/steps.ts';
import { parsedEventOf } from '../../read/stored-event.ts';
import type { NamedConflict, TellEvents } from './messages.ts';

/** What is to be added to what is in no conflict, found out by the events that `tell` gives. */
export const resolveTold = (
  conflict: NamedConflict,
  room: ResolvedRoom,
  tell: TellEvents,
): Promise<StateMap> =>
  runAsking(resolveConflict(conflict, room), async (question) => {
    // There is no index that knew what is reached: without an answer the resolution finds it out by events.
    if (question.kind !== 'events') return {};
    const texts = await tell(question.ids);
    return { events: texts.map((each) => parsedEventOf(each, room.rules)) };
  });
