const EMOJI = /\p{RGI_Emoji}/gv;
const UNSEEN = /[[\p{Cc}--[\t\n\r]]\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]/v;

/**
 * Whether a text has characters that no reader sees or that turn round what he sees: people copy from it where money goes. What an emoji is made of is
 * seen with it.
 */
export const hasUnseen = (text: string): boolean => UNSEEN.test(text) && UNSEEN.test(text.replaceAll(EMOJI, ''));

export const UNSEEN_ISSUE = 'has characters that cannot be seen';
