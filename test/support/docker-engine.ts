import { getContainerRuntimeClient } from 'testcontainers';

/** Whether a Docker engine answers, found the way testcontainers finds it. */
export async function engineAnswers(): Promise<boolean> {
  try {
    await getContainerRuntimeClient();
    return true;
  } catch {
    return false;
  }
}
