import type { ReactNode } from "react";

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ReactNode;
  isRight?: boolean;
  /** Lets long text break into lines. */
  isWrapped?: boolean;
  /** Sets a cell back behind the others. */
  isSoft?: (row: Row) => boolean;
  /** For rows that stack on a phone: the column that heads a row. */
  isHead?: boolean;
  /** For a column that draws: its name is heard only, and a class makes room for it. */
  drawn?: string;
}

interface RowsProps<Row> {
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row, index: number) => string;
  label?: string;
  className?: string;
  /** Sets rows off that sum up. */
  isTotal?: (row: Row) => boolean;
  /** Cells know the names of their columns, for looks that set them one below the other. */
  isStacked?: boolean;
}

/** A plain table of columns; whoever shows it gives it its looks, by class and by the data attributes of its cells. */
export function Rows<Row>({ columns, rows, rowKey, label, className = "", isTotal, isStacked = false }: RowsProps<Row>) {
  return (
    <table className={`tabular ${className}`} aria-label={label} role="table">
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ name, isRight, drawn }, at) =>
            drawn === undefined ? <th key={at} scope="col" role="columnheader" data-right={isRight}>{name}</th> : <th key={at} scope="col" role="columnheader" aria-label={name} className={drawn} />,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row, index) => (
          <tr key={rowKey(row, index)} role="row" data-total={isTotal?.(row) || undefined}>
            {columns.map(({ name, cell, isRight, isWrapped, isSoft, isHead, drawn }, at) => (
              <td key={at} role="cell" data-name={isStacked ? name : undefined} data-head={isHead} data-right={isRight} data-wrap={isWrapped} data-soft={isSoft?.(row) || undefined} className={drawn}>{isStacked ? <div>{cell(row)}</div> : cell(row)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
