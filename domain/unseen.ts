const EMOJI = /\p{RGI_Emoji}/gv;
const UNSEEN = /[[\p{Cc}--[\t\n\r]]\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]/v;
const ALL_UNSEEN = new RegExp(UNSEEN, 'gv');

/**
 * Whether a text has characters that no reader sees or that turn round what he sees: people copy from it where money goes. What an emoji is made of is
 * seen with it.
 */
export const hasUnseen = (text: string): boolean => UNSEEN.test(text) && UNSEEN.test(text.replaceAll(EMOJI, ''));

/** What is seen of a text that was stored before such characters were refused. */
export const withoutUnseen = (text: string): string => (hasUnseen(text) ? text.replaceAll(ALL_UNSEEN, '') : text);

export const UNSEEN_ISSUE = 'has characters that cannot be seen';
