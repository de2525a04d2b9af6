import { emptyList, listCard, type ListNotice, type Listed } from './list-card.js';

const items = (count: number): readonly Listed[] => Array.from({ length: count }, (_none, index) => ({ text: `item ${index}`, run_id: 'r' }));
const told = (notice: ListNotice, count: number, counted = 0) => {
  const { title, body_markdown, items: shown } = listCard(emptyList({ notice, workspace_id: 'ops', public_url: 'https://c.example' }), { notice, items: items(count), counted });
  return [title, body_markdown, shown.length];
};

describe('a list', () => {
  it('shows twenty, and says how many there are', () => {
    expect(told('gates_waiting', 3)).toEqual(['Waiting for a decision or an answer: 3', '', 3]);
    expect(told('gates_waiting', 25)).toEqual(['Waiting for a decision or an answer: 25', '5 more are not shown here.', 20]);
    expect(told('dead_letters', 200, 37)).toEqual(['Dead letters: 237', '217 more are not shown here; GET /dead-letters lists all.', 20]);
  });

  it('does not say of what it only counted that it still waits', () => {
    expect(told('gates_waiting', 190, 12)).toEqual(['Waiting for a decision or an answer: 190 to 202', '170 more are not shown here. 12 came when the list was full; whether they still wait is not known here.', 20]);
    expect(told('gates_waiting', 0, 2)).toEqual(['Waiting for a decision or an answer: 0 to 2', '2 came when the list was full; whether they still wait is not known here.', 0]);
  });

  it('leads to where all of it stands, as a page', () => {
    expect(emptyList({ notice: 'gates_waiting', workspace_id: 'ops', public_url: 'https://c.example/' }).page_url).toBe('https://c.example/inbox?all=true');
    expect(emptyList({ notice: 'gates_waiting', workspace_id: 'ops' })).not.toHaveProperty('page_url');
    expect(emptyList({ notice: 'dead_letters', workspace_id: 'ops', public_url: 'https://c.example/' })).not.toHaveProperty('page_url');
  });
});
