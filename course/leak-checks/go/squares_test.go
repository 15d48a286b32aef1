// A test of a sum that is right.
package squares

import (
	"testing"

	"go.uber.org/goleak"
)

func worker(jobs <-chan int, results chan<- int) {
	for n := range jobs {
		results <- n * n
	}
}

// sumOfSquares adds up the squares of the numbers. Three workers compute them.
func sumOfSquares(numbers []int) int {
	jobs, results := make(chan int), make(chan int, len(numbers))
	for range 3 {
		go worker(jobs, results)
	}
	for _, n := range numbers {
		jobs <- n
	}
	sum := 0
	for range numbers {
		sum += <-results
	}
	return sum
}

func TestSquaresAreAddedUp(t *testing.T) {
	defer goleak.VerifyNone(t)
	if sum := sumOfSquares([]int{1, 2, 3, 4}); sum != 30 {
		t.Errorf("the sum is %d, want 30", sum)
	}
}
