# lines.gp: a picture of something over the number of goroutines, ours and Go's, both axes logarithmic.
#
#   gnuplot -c lines.gp DATA SVG TITLE SUBTITLE time|bytes GOAL RUN
#
# DATA is a block per line: Go at 1, Go at 2, ours at 1, ours at 2, and perhaps our first; ns or bytes.
# Colours are Okabe and Ito's, which stay apart for colour-blind eyes; GOMAXPROCS 2 is dashed.
set terminal svg size 720,420 font "Helvetica,13" background "#ffffff" noenhanced
set output ARG2
set encoding utf8
set micro
set datafile missing "nan"

scale = ARG5 eq "time" ? 1e-9 : 1.0 / 1048576
goal = real(ARG6) * scale

set lmargin 11
set rmargin 24
set tmargin 5
set bmargin 5
set label 1 ARG3 at screen 0.03, 0.94 font "Helvetica,17"
set label 2 ARG4 at screen 0.03, 0.885 textcolor "#595959"
set label 3 "at 1, at 2 (dashed): GOMAXPROCS · measured ".ARG7 at screen 0.97, 0.03 right \
    textcolor "#595959" font "Helvetica,11"

set logscale xy
set xrange [900:1200000]
set xtics ("1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1,000,000" 1e6) nomirror out
set xlabel "goroutines" offset 0, 0.5
set format y (ARG5 eq "time" ? "%.0s %cs" : "%g MiB")
set ytics nomirror out
set mytics 1
set border 3 linecolor "#595959"
set grid ytics linetype 1 linecolor "#e3e3e3"
set key at screen 0.72, 0.75 left top reverse Left samplen 3 spacing 1.4 autotitle columnheader

set linetype 1 linecolor "#d55e00" linewidth 2.5 dashtype 1      pointtype 7 pointsize 0.6
set linetype 2 linecolor "#d55e00" linewidth 2.5 dashtype (8, 5) pointtype 6 pointsize 0.7
set linetype 3 linecolor "#0072b2" linewidth 2.5 dashtype 1      pointtype 7 pointsize 0.6
set linetype 4 linecolor "#0072b2" linewidth 2.5 dashtype (8, 5) pointtype 6 pointsize 0.7
set linetype 5 linecolor "#56b4e9" linewidth 2.5 dashtype (2, 4) pointtype 7 pointsize 0.6

if (goal > 0) set label 4 "goal" at graph 0.01, first goal offset 0, 0.6

stats ARG1 nooutput
lines = STATS_blocks
plot for [i = 0:lines - 1] ARG1 index i using 1:(column(2) * scale) with linespoints linetype i + 1, \
     (goal > 0 ? goal : NaN) with lines dashtype (2, 3) linecolor "#1a1a1a" notitle
