"""The mathematics of the lectures, written to be read: every function is its equation.

===============================  ============================================================
the neuron and its net
``neuron``                       weighted sum, bias, activation
``activations``                  all activation functions with their derivatives, in one place
``saturating``                   … of which sigmoid and tanh
``rectifiers``                   … and ReLU, leaky ReLU, softplus, GELU
``parameter_count``              what depth and width cost
losses
``losses``                       L1, L2, MAE, MSE, and why not the signed error
``robust_losses``                Huber
``softmax``                      scores → probabilities, and their logarithms
``binary_losses``                binary cross entropy, hinge
``multiclass_losses``            cross entropy, multi-class hinge
``audio_losses``                 distances between sounds
``roc``                          ROC curve and the area under it
gradient descent
``gradients``                    check a gradient by finite differences
``gradient_descent``             the plain update rule, as a trajectory
``search``                       random and evolutionary search
``mlp``                          a small net by hand, forward and backward
``mlp_training``                 … repeat, watch the validation loss, stop
``gradient_flow``                vanishing and exploding gradients
optimizers
``surfaces``                     landscapes to race on
``stability``                    the largest learning rate that still converges
``optimizers``                   plain descent, momentum, Nesterov; two ways to write them
``adaptive_optimizers``          AdaGrad, RMSProp, Adam, AdamW: a rate for every axis
``schedules``                    learning rates that fall
``cyclic_schedules``             … and rise again
``minibatch``                    whose gradient? all examples, one, or a few at a time
autograd
``autograd``                     a tape that remembers, and walks back step by step
``autograd_ops``                 its operations and their rules
``autograd_backward``            what happens at one node
``autograd_modules``             layers: anything with forward and backward
``autograd_hints``               which rule did a wrong answer miss?
``autograd_draw``                the graph as data, in words and as a picture
convolution
``conv``                         kernel times patch, summed; its way back; the size formula
``patches``                      … and the windows that it slides over
``pooling``                      the largest, the mean, the spread of every block; switches
``receptive_field``              what a unit can see, in cells, milliseconds and hertz
staying in range, staying simple
``initialization``               first weights: Xavier, He
``normalization``                standardized inputs, batch normalization
``regularizers``                 L1, L2, dropout
underfitting and overfitting
``polynomial``                   least squares through points, with a ridge penalty
``bias_variance``                training and test error against the degree
``mlp_fit``                      the same with a small net: width is the capacity
before deep learning, and its early days
``mfcc``                         the shape of a spectrum in a few numbers; their slopes
``kmeans``                       k centers, each point near to one
``codebook``                     frames → nearest centers → a histogram a note; soft codes
``whitening``                    patches of spectrograms, uncorrelated, and back
``sparse_coding``                explain a point by few atoms: ISTA, FISTA
``dictionary_learning``          … and learn the atoms
``sparse_autoencoder``           copy the input through units that mostly rest
``sparse_autoencoder_training``  … trained
``rbm``                          visible and hidden units that make each other likely
``rbm_likelihood``               … counted out, if tiny
``rbm_training``                 contrastive divergence, sparsity
``dbn``                          RBMs stacked one by one, then fine-tuned
``dbn_demo``                     pre-trained against random starts
what they share
``checks``                       argument checks and reductions
===============================  ============================================================
"""
