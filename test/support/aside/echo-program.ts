import { serveAside } from '../../../server/aside/serve-aside.ts';

// What `Aside` is tried with: says again what it is told, and falls or computes for ever when it is told to.

const say = serveAside<string, string>((told) => {
  if (told === 'fall') throw new Error('it fell');
  while (told === 'compute for ever');
  say(told);
});
