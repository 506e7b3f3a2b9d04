/** For member/, which may import nothing else of here (test/layout.test.ts). */
export { leaveWord } from '../adapters/word.ts';
