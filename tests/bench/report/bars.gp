# bars.gp: a pair of bars for each workload: our time divided by Go's, at GOMAXPROCS 1 and 2, with the goal as a
# stroke.
#
#   gnuplot -c bars.gp DATA SVG TITLE SUBTITLE RUN
#
# DATA has a row for each workload: its words, the two ratios, the two goals.
stats ARG1 using 2 skip 1 nooutput
rows = STATS_records + STATS_invalid
set terminal svg size 720,(160 + 38 * rows) font "Helvetica,13" background "#ffffff" noenhanced
set output ARG2
set encoding utf8
set datafile missing "nan"

height = 160.0 + 38 * rows
set lmargin at screen 0.42
set rmargin at screen 0.96
set tmargin at screen 1 - 90 / height
set bmargin at screen 62 / height
set label 1 ARG3 at screen 0.03, 1 - 28 / height font "Helvetica,17"
set label 2 ARG4 at screen 0.03, 1 - 50 / height textcolor "#595959"
set label 3 "measured ".ARG5 at screen 0.97, 14 / height right textcolor "#595959" font "Helvetica,11"
set label 4 "as fast as Go" at screen 0.96, 1 - 80 / height right textcolor "#595959"

set xrange [0:*]
set yrange [rows - 0.5:-0.5]
set xtics 0.2 nomirror out format "%.1f"
set ytics nomirror scale 0
set border 1 linecolor "#595959"
set grid xtics linetype 1 linecolor "#e3e3e3"
set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead linecolor "#595959"
set key at screen 0.96, 1 - 22 / height right top reverse Left samplen 2 width 1 vertical maxrows 2
set style fill solid noborder

top(row, procs) = row + (procs == 1 ? -0.4 : 0.02)
plot ARG1 skip 1 using (column(2) / 2):0:(0):2:(top($0, 1)):(top($0, 1) + 0.38):ytic(1) \
       with boxxyerror linecolor "#0072b2" title "GOMAXPROCS 1", \
     ARG1 skip 1 using (column(3) / 2):0:(0):3:(top($0, 2)):(top($0, 2) + 0.38) \
       with boxxyerror linecolor "#56b4e9" title "GOMAXPROCS 2", \
     for [p = 1:2] ARG1 skip 1 using (column(3 + p)):(top($0, p) - 0.02):(0):(0.42) \
       with vectors nohead linewidth 2.5 linecolor "#1a1a1a" notitle, \
     ARG1 skip 1 using (0.01):(top($0, 1) + 0.19):(sprintf("%.2f", column(2))) \
       with labels left font "Helvetica,12" textcolor "#ffffff" notitle, \
     ARG1 skip 1 using (0.01):(top($0, 2) + 0.19):(sprintf("%.2f", column(3))) \
       with labels left font "Helvetica,12" notitle
