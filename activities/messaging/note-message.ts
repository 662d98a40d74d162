import { inTransaction } from '../../db/pool.ts';
import { type MessageNote, noteMessageState } from '../../db/repositories/messages.ts';
import type { Activity } from '../kit/activity.ts';

/** Writes down how a message fares; harmless to repeat. */
export const noteMessage: Activity<MessageNote, void> = (note, { pool }) =>
  inTransaction(pool, (db) => noteMessageState(db, note));
