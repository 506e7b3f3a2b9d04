import type { Event } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import type { Answer, Question, Steps } from './steps.ts';

/** For a caller who has every event at hand. */
export const runWith = <T>(steps: Steps<T>, eventOf: (id: EventId) => Event | undefined): T => {
  let step = steps.next({});
  while (!step.done) step = steps.next(answerFrom(step.value, eventOf));
  return step.value;
};

/** For a caller who has to fetch them. What `answer` throws is thrown out of this. */
export const runAsking = async <T>(
  steps: Steps<T>,
  answer: (question: Question) => Promise<Answer>,
): Promise<T> => {
  let step = steps.next({});
  while (!step.done) step = steps.next(await answer(step.value));
  return step.value;
};

const answerFrom = (question: Question, eventOf: (id: EventId) => Event | undefined): Answer =>
  question.kind === 'events' ? { events: question.ids.flatMap((id) => eventOf(id) ?? []) } : {};
