import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * For whom work is done: a user id, or the address of somebody without an account. The log shares
 * out its queue by it, and charges poison to it. Set once for each request, so that no endpoint can
 * forget it; work of the server's own is for nobody.
 */
const current = new AsyncLocalStorage<string>();

export const onBehalfOf = <T>(subject: string, work: () => T): T => current.run(subject, work);

export const subject = (): string => current.getStore() ?? NOBODY;

export const NOBODY = '';
